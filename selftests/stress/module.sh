#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading: many times, right after traffic, and refused while
# something of the module is in use.
# Timeout: 600 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

ktap_begin
if [[ ! -e /sys/module/$kind/refcnt ]]; then
	ktap_skip "$kind is built into this kernel; a machine of tools/vm/run has it as a module" \
		"loading and unloading"
	ktap_end
fi

# The file the module came from, unpacked: stock's may be compressed.
find_module() {
	file=$dir/../drivers/net/tunx/$kind.ko
	[[ $TUNX_FLAVOUR == stock ]] || return 0
	file=$(modinfo -n "$kind")
	case $file in
	*.xz) xz -dc "$file" >"$scratch/$kind.ko" ;;
	*.zst) zstd -qdc "$file" >"$scratch/$kind.ko" ;;
	*) return 0 ;;
	esac
	file=$scratch/$kind.ko
}
load() {
	insmod "$file" || return
	# As udev would; ours has the mode from the driver.
	[[ $kind == tunx ]] || chmod 0666 "$TUNX_NODE"
}
# shellcheck disable=SC2317 # called through ktap_check
unload() {
	rmmod "$kind"
}
refs() {
	cat "/sys/module/$kind/refcnt"
}
helper() {
	local path=$dir/helpers/$1

	[[ -e $path ]] || path=$dir/$1
	shift
	"$path" "$@"
}
# shellcheck disable=SC2317 # called by the trap
restore() {
	[[ -e /sys/module/$kind ]] || load
	cleanup
}
trap restore EXIT
find_module

ktap_is "nobody uses the module" "$(refs)" 0
exec {fd}<>"$TUNX_NODE"
ktap_check_not "rmmod with an open file is refused" unload
exec {fd}>&-
node_as_tun
ip tuntap add dev keep0 mode tap
ktap_is "a persistent device holds one reference" "$(refs)" 1
ktap_check_not "rmmod with a persistent device is refused" unload
ktap_check "the device is still there" ip link show dev keep0
ktap_check "ip link del" ip link del dev keep0
ktap_is "and the reference is gone" "$(refs)" 0
[[ $TUNX_NODE == /dev/net/tun ]] || umount /dev/net/tun

ktap_check "rmmod" unload
ktap_check_not "the driver is gone from /proc/misc" grep -qw "$kind" /proc/misc
[[ $kind == tun ]] || ktap_check_not "so is its node" test -e "$TUNX_NODE"
ktap_check "insmod" load
ktap_check "the driver is in /proc/misc" grep -qw "$kind" /proc/misc
ktap_check "its node is there" test -c "$TUNX_NODE"

# Right behind traffic: packets, timers and callbacks must have ended.
bad=0
for ((i = 0; i < 10; i++)); do
	helper burst >/dev/null || bad=$((bad + 1))
	wait_for 10 unload || bad=$((bad + 1))
	load || bad=$((bad + 1))
done
ktap_is "10 times: traffic, unload at once, load" "$bad" 0

# Stock is here for comparison only, and need not prove itself that often.
rounds=${TUNX_RELOADS:-1000}
[[ $TUNX_FLAVOUR == tunx ]] || rounds=50
begin=$SECONDS
ktap_is "$rounds times: unload, load" "$(helper reload "$kind" "$file" "$rounds")" "$rounds"
echo "# that took $((SECONDS - begin)) s"
[[ $kind == tunx ]] || chmod 0666 "$TUNX_NODE"
ktap_is "nobody uses the module afterwards" "$(refs)" 0
ktap_end
