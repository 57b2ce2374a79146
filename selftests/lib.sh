# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the shell tests share. A test sources this file first; it is then alone
# in a fresh network and mount namespace, with sysfs showing the former.

if [[ ${TUNX_ISOLATED:-} != "$0" ]]; then
	TUNX_ISOLATED=$0 exec unshare --net --mount -- "$0" "$@"
fi

# shellcheck source-path=SCRIPTDIR source=ktap.sh
. "${BASH_SOURCE[0]%/*}/ktap.sh"

mount --make-rprivate /
mount -t sysfs sysfs /sys
if [[ -e /proc/sys/net/ipv6 ]]; then
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
fi
ip link set lo up

if [[ -z ${TUNX_NODE:-} ]]; then
	TUNX_NODE=/dev/net/tunx
	[[ -e $TUNX_NODE ]] || TUNX_NODE=/dev/net/tun
fi
TUNX_FLAVOUR=${TUNX_FLAVOUR:-stock}
case $TUNX_NODE in
*tunx) kind=tunx ;;
*) kind=tun ;;
esac
export TUNX_NODE TUNX_FLAVOUR kind

scratch=$(mktemp -d)
cleanup() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word per process
	[[ -z $pids ]] || kill $pids 2>/dev/null || true
	rm -rf "$scratch"
}
trap cleanup EXIT

# Programs that name /dev/net/tun get the node under test in its place.
node_as_tun() {
	[[ $TUNX_NODE == /dev/net/tun ]] || mount --bind "$TUNX_NODE" /dev/net/tun
}

have() {
	command -v "$1" >/dev/null
}

# Waits until the command succeeds, at most $1 seconds.
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}
