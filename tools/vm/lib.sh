# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts of this directory share. Whoever includes it has set $kernel.
#
# Everything that takes long runs as a child of run_child: the shell stays free
# to act on a signal at once, and the child dies with the shell, however that
# ends.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tunx
roots=$cache/roots
all_kernels=(6.1 6.12 7.2 7.3)
# Kernels built here from Debian's sources, with everything on that finds faults.
built_kernels=(debug gcov kcsan uml)
# There is more: PREEMPT_RT and those, for who asks for them.
other_kernels=(7.2-rt "${built_kernels[@]}")
child=

# The status for failures of the runner itself, as opposed to the command's.
readonly runner_failed=125

say() {
	printf 'vm %-4s %4ds  %s\n' "${kernel:-}" "$SECONDS" "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	shift
	(($# == 0)) || printf '    %s\n' "$@" >&2
	exit $runner_failed
}

# need_root "$@": start the script over as root, with the caller's cache
need_root() {
	((EUID != 0)) || return 0
	command -v sudo >/dev/null ||
		die "virtual machines and their roots are made as root" "run this as root, or install sudo"
	exec sudo -- env "XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}" \
		"TUNX_MIRROR=${TUNX_MIRROR:-}" "KERNELS=${KERNELS:-}" "$0" "$@"
}

known_kernel() {
	[[ " ${all_kernels[*]} ${other_kernels[*]} " == *" $1 "* ]] ||
		die "no kernel '$1'" "the kernels are ${all_kernels[*]} and ${other_kernels[*]}"
}

# built_here KERNEL: is it one of those we build
built_here() {
	[[ " ${built_kernels[*]} " == *" $1 "* ]]
}

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# need_host_packages: install what the machine lacks
need_host_packages() {
	local missing=() command log=$cache/logs/apt.log

	command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
	command -v xz >/dev/null || missing+=(xz-utils)
	for command in mmdebstrap rsync cpio; do
		command -v $command >/dev/null || missing+=("$command")
	done
	[[ -e $keyring ]] || missing+=(debian-archive-keyring)
	((${#missing[@]})) || return 0
	command -v apt-get >/dev/null ||
		die "this machine lacks ${missing[*]} (Debian's names) and has no apt-get" \
			"install them by hand and try again"
	say "installing ${missing[*]}"
	mkdir -p "$cache/logs"
	run_child apt-get update >"$log" 2>&1 || true
	DEBIAN_FRONTEND=noninteractive run_child apt-get install --yes --no-install-recommends \
		"${missing[@]}" >>"$log" 2>&1 || {
		tail -n 15 "$log" >&2
		die "apt-get could not install ${missing[*]}" "install them by hand and try again"
	}
}

# unshare disregards SIGTERM while it waits for what it runs.
stop_child() {
	[[ $child ]] || return 0
	if kill "-${1:-KILL}" "$child"; then
		wait "$child" || true
	fi
	child=
} 2>/dev/null

trap 'stop_child' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# run_child COMMAND...: run it, interruptibly
run_child() {
	local status=0

	# Without a redirection, bash would give a background command /dev/null.
	setpriv --pdeathsig KILL "$@" <&0 &
	child=$!
	wait "$child" || status=$?
	child=
	return $status
}

# in_root ROOT COMMAND...: run it there, in namespaces whose mounts and processes end with it
in_root() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	run_child unshare --mount --pid --fork --kill-child env -i \
		HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -euc '
			root=$0
			mount -t proc proc "$root/proc"
			mount -t tmpfs tmpfs "$root/tmp"
			exec chroot "$root" "$@"
		' "$@"
}

# lock NAME [-s]: hold that lock, exclusive or shared, until this script ends
lock() {
	local fd

	exec {fd}>"$roots/$1.lock"
	flock --nonblock "${2:--x}" "$fd" && return
	say "waiting for another run to release ${roots##*/}/$1"
	run_child flock "${2:--x}" "$fd"
}

# release_of ROOT: the release (uname -r) of the kernel a root carries
release_of() {
	basename "$1"/lib/modules/*
}
