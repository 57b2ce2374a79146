#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx add, set, show and del: what is set is shown, by the program and by others;
# on a device nobody holds, and on one that another process does.
#
# Timeout: 180 s: many short processes

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool.sh
. "$dir/tool.sh"

ktap_begin
tool_present

show() {
	field "$2" tunx show -j "$1"
}

tunx add set0 mode tap multi_queue vnet_hdr >/dev/null
tunx add set1 mode tun user nobody >/dev/null
ktap_is "show lists both" "$(names tunx show -j)" "set0 set1"
ktap_is "show mode tap" "$(names tunx show -j mode tap)" set0
ktap_is "show user" "$(names tunx show -j user nobody)" set1
ktap_is "show multi_queue pi: none" "$(tunx show -j multi_queue pi)" "[]"

ktap_check "set many at once" tunx set dev set0 mtu 1400 txqueuelen 77 user nobody group root \
	address 02:00:00:00:00:77 up
for fact in "mtu 1400" "txqueuelen 77" "user 65534" "group 0"; do
	ktap_is "shown: $fact" "$(show set0 "${fact% *}")" "${fact#* }"
done
ktap_is "the address" "$(cat /sys/class/net/set0/address)" 02:00:00:00:00:77
ktap_is "it is up, nobody attached" "$(show set0 state)" no-carrier
ktap_check "set down" tunx set set0 down
ktap_is "it is down" "$(show set0 state)" down
if have ethtool; then
	segments() {
		ethtool -k set0 | grep -q 'tx-tcp-segmentation: on'
	}
	ktap_check "set offload" tunx set set0 offload csum,tso4
	ktap_check "ethtool sees it" segments
	ktap_check "set offload none" tunx set set0 offload none
	ktap_check_not "ethtool sees it" segments
else
	ktap_skip "there is no ethtool" "offload"
fi

if tunx add set2 mode tun backpressure >/dev/null 2>"$scratch/refused"; then
	ktap_is "add with backpressure" "$(show set2 flags)" "[persist,backpressure]"
	ktap_check "set backpressure off" tunx set set2 backpressure off
	ktap_is "it is off" "$(show set2 flags)" "[persist]"
	ktap_check "set backpressure on" tunx set set2 backpressure on
	ktap_is "it is on" "$(show set2 flags)" "[persist,backpressure]"
	tunx del set2
else
	ktap_check "add says that there is no backpressure" grep -q 'has no backpressure' "$scratch/refused"
	ktap_check_not "and leaves nothing" ip link show set2
	wrong 1 'has none' tunx set set1 backpressure on
fi

ktap_check "set persist off deletes it" tunx set set1 persist off
ktap_check "it is gone" wait_for 5 sh -c '! ip link show set1'

ktap_end
