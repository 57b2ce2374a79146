#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx set and show on a device that other processes hold: queues, carrier and
# filters go through a borrowed file.
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
"$tool" dump --node "$TUNX_NODE" -i set0 --up >"$scratch/one" 2>/dev/null &
"$tool" dump --node "$TUNX_NODE" -i set0 >"$scratch/two" 2>/dev/null &
# shellcheck disable=SC2317 # called by wait_for
queues() {
	[[ $(show set0 queues)/$(show set0 disabled_queues) == "$1" ]]
}
ktap_check "two attached" wait_for 30 queues 2/0
ktap_is "their processes" "$(tunx show set0 | grep -oE 'processes tunx\([0-9]+\),tunx' | tr -d '0-9')" "processes tunx(),tunx"
ktap_check "set queues 1" tunx set set0 queues 1
ktap_check "one rests" queues 1/1
ktap_check "set queues 2" tunx set set0 queues 2
ktap_check "none rests" queues 2/0
wrong 1 '2 are attached' tunx set set0 queues 3
ktap_check "set carrier off" tunx set set0 carrier off
ktap_is "no carrier" "$(show set0 state)" no-carrier
ktap_check "set carrier on" tunx set set0 carrier on
ktap_check "up again" wait_for 5 sh -c "[ \$(cat /sys/class/net/set0/carrier) = 1 ]"

# What the readers see
tunx set set0 queues 1
seen() {
	cat "$scratch/one" "$scratch/two" | grep -c "who has 192.0.2.$1," || true
}
# A datagram to an unknown neighbour makes the kernel ask who has it.
ip addr add 192.0.2.9/24 dev set0
ask() {
	echo >"/dev/udp/192.0.2.$1/9"
}
# shellcheck disable=SC2317 # called by wait_for
dropped() {
	(($(</sys/class/net/set0/statistics/tx_dropped) > before))
}
ktap_check "set filter" tunx set set0 filter "arp[27] == 2"
for n in 1 2; do
	ask $n
done
ktap_check "the filter lets one pass" wait_for 5 sh -c "cat $scratch/one $scratch/two | grep -q 'who has 192.0.2.2,'"
ktap_is "and keeps the other" "$(seen 1)" 0
ktap_check "set filter none" tunx set set0 filter none
before=$(</sys/class/net/set0/statistics/tx_dropped)
ktap_check "set macs: others than broadcast" tunx set set0 macs 02:00:00:00:00:99
ask 3
ktap_check "a frame is dropped" wait_for 5 dropped
ktap_is "and not seen" "$(seen 3)" 0
ktap_check "set macs none" tunx set set0 macs none
ask 4
ktap_check "without a filter frames pass" wait_for 5 sh -c "cat $scratch/one $scratch/two | grep -q 'who has 192.0.2.4,'"

# show --watch counts what happens meanwhile
tunx show -w -j -c 1 --interval 2 set0 >"$scratch/watch" &
watch=$!
for ((n = 10; n < 200; n++)); do
	ask $n
	sleep 0.1
	kill -0 $watch 2>/dev/null || break
done
wait $watch
ktap_check "watch: frames per second" grep -q '"tx_packets":[1-9]' "$scratch/watch"
ktap_check_not "watch: nothing came in" grep -q '"rx_packets"' "$scratch/watch"
if [[ $kind == tunx ]]; then
	ktap_check "watch: of which queue" grep -q '"queue":0,"tx_packets":[1-9]' "$scratch/watch"
	ktap_is "show: counters of each queue" "$(tunx show -j set0 | grep -oE '"queue":[0-9]+' | wc -l)" 2
fi

ktap_end
