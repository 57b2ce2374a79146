# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The kernels a check compiles against: the cached root of each (tools/vm makes them), a copy of the driver beside it,
# and the source tree of the newest, for clang and for the kernel's own checkers.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# shellcheck disable=SC2034 # used by the checks
{
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/tunx
	kernels=(6.1 6.12 7.2 7.3)
	newest=7.3
	source=$cache/linux-source-$newest
}
# The roots are root's, and so is what is built in them.
if ((EUID)); then
	command -v sudo >/dev/null || die "checks against the kernels' roots run as root: be root, or install sudo"
	exec sudo -- env "XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}" "$0" "$@"
fi

mkdir -p "$cache/check"
# One check at a time: they build in the same copies. The lock ends with the check.
exec {lock}>"$cache/check/lock"
if ! flock --nonblock "$lock"; then
	echo "waiting for a check of another run" >&2
	flock "$lock"
fi

# in_root KERNEL COMMAND...: run the command in the kernel's root, with the cache as /mnt
# The mounts live in a namespace of their own and go away with the command.
in_root() {
	local root=$cache/roots/$1

	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -euc '
		cache=$1 root=$2
		shift 2
		mount --bind "$cache" "$root/mnt"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		exec chroot "$root" "$@"
	' sh "$cache" "$root" "$@"
}

# installed KERNEL PACKAGE...: its root has them, not just heard of them
installed() {
	local kernel=$1

	shift
	# shellcheck disable=SC2016 # expanded by dpkg-query
	[[ $(in_root "$kernel" dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed) -ge $# ]]
}

# need_kernel KERNEL [PACKAGE...]: its root is there, with these packages besides what tools/vm puts there
need_kernel() {
	local kernel=$1 log=$cache/check/install-$1.log

	shift
	"$top/tools/vm/root" "$kernel" >/dev/null
	if ((!$#)) || installed "$kernel" "$@"; then
		return
	fi
	echo "installing $* in the root of kernel $kernel" >&2
	# Where the kernel is from the backports, so are the libraries that came with it.
	# shellcheck disable=SC2016 # expanded by the inner shell
	in_root "$kernel" sh -euxc '
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -o Acquire::Languages=none update
		from=$(apt-cache policy | sed -n "s/.*n=\([a-z]*-backports\),.*/\1/p" | head -n 1)
		apt-get -q -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends \
			${from:+--target-release "$from"} "$@"
		apt-get clean
	' sh "$@" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "could not install $* in $cache/roots/$kernel; the whole log: $log"
	}
}

# need_source: the newest kernel's source is in $source, as far as building a module and the kernel's own checkers need it
need_source() {
	local new=$cache/.new-${source##*/}

	[[ ! -e $source/Makefile ]] || return 0
	need_kernel "$newest"
	echo "extracting the source of kernel $newest: a download of 165 MB" >&2
	rm -rf "$new"
	mkdir -p "$new"
	in_root "$newest" apt-get -qq -o Acquire::Languages=none update >&2
	# shellcheck disable=SC2016 # expanded by the inner shell
	in_root "$newest" bash -euo pipefail -c '
		name=$1
		cd "/mnt/.new-$name"
		apt-get -qq -o APT::Sandbox::User=root download "$name"
		dpkg-deb --fsys-tarfile "$name"_*.deb | tar -xO --wildcards "*/$name.tar.xz" |
			tar -xJ --strip-components=1 --exclude="$name/arch/[a-wyz]*/*.[chS]" --exclude="$name/*.dts*" \
				--exclude="$name/Documentation/*/*" --exclude="$name/drivers/*.[chS]" \
				--exclude="$name/sound/*.[ch]" --exclude="$name/fs/*.[ch]" --exclude="$name/net/*.[ch]" \
				--exclude="$name/tools/testing" --exclude="$name/tools/perf"
		rm "$name"_*.deb
	' bash "${source##*/}"
	mv "$new" "$source"
}

# need_clang_tree: $source is prepared for building modules with clang; Debian's headers carry flags only gcc knows
# Module.symvers, from Debian's build of the same kernel, tells modpost which symbols there are.
need_clang_tree() {
	need_kernel "$newest" clang lld llvm bison flex bc libelf-dev libssl-dev
	need_source
	[[ ! -e $source/Module.symvers ]] || return 0
	echo "preparing the source of kernel $newest for clang" >&2
	# shellcheck disable=SC2016 # expanded by the inner shell
	in_root "$newest" bash -euc '
		cd "/mnt/$1"
		cp /boot/config-* .config
		make -s LLVM=1 olddefconfig
		make -s -j "$(nproc)" LLVM=1 modules_prepare
		cp "$2/Module.symvers" .
	' bash "${source##*/}" "$(headers_of "$newest")" >"$cache/check/clang-tree.log" 2>&1 || {
		tail -n 20 "$cache/check/clang-tree.log" >&2
		die "could not prepare $source; the whole log: $cache/check/clang-tree.log"
	}
}

# headers_of KERNEL: the newest headers in its root, as a path there
headers_of() {
	local root=$cache/roots/$1

	printf '%s\n' "$root"/lib/modules/*/build | sort -V | tail -n 1 | sed "s|^$root||"
}

# copy NAME PATH...: bring the copy check/NAME in the cache up to date with these, keeping what was built in it
# Times are not copied: a file that changed is newer than what was built from the old one, whatever its age.
copy() {
	local dir=$cache/check/$1

	shift
	need rsync rsync
	mkdir -p "$dir"
	rsync -r --links --checksum --delete --exclude='*.mod.c' --include='*/' --include='*.[chS]' --include='Kbuild*' \
		--include=Kconfig --include=Makefile --include='*.map' --include='*.in' --exclude='*' "$@" "$dir/"
}

copy_driver() {
	copy "$1" drivers include Kbuild Makefile
}

# compile KERNEL HEADERS NAME [ARGUMENT...]: build the copy check/NAME with W=1; print what was found
# HEADERS is the path of the headers or tree in the root. Warnings are errors, so that an object which exists has none
# and the next run need not compile it again.
compile() {
	local kernel=$1 headers=$2 name=$3 log=$cache/check/$3.log ok=true

	shift 3
	set -- make -C "$headers" "M=/mnt/check/$name" W=1 KCFLAGS=-Werror -j "$(nproc)" "$@"
	in_root "$kernel" "$@" modules >"$log" 2>&1 || ok=false
	sed -i "s|/mnt/check/$name/||g" "$log"
	if grep -E ': (warning|error|fatal error|note): |WARNING: modpost|ERROR: modpost' "$log"; then
		ok=false # what modpost and kernel-doc warn of they say only when they run: start over next time
		in_root "$kernel" "$@" clean >>"$log" 2>&1
	elif ! $ok; then
		tail -n 20 "$log"
	fi
	$ok
}
