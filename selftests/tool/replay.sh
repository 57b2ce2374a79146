#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx dump writes a capture, through a filter; tunx replay puts it back into either
# half, as fast as possible and with its pauses.
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
tunx add rep0 mode tap >/dev/null
tunx set rep0 up
"$tool" dump --node "$TUNX_NODE" -i rep0 -c 10 -w "$scratch/ten.pcap" udp port 9 and ip 2>"$scratch/err" &
dump=$!
wait_for 30 grep -q reading "$scratch/err"
wait_for 30 sh -c "ip link show rep0 | grep -q LOWER_UP"
tunx net send -c 3 --icmp rep0 >/dev/null
tunx net send -c 3 --dst 2001:db8::1 rep0 >/dev/null
# ten in a second
tunx net send -c 10 --rate 10 rep0 >/dev/null
ends "dump takes ten packets that fit the filter" $dump
if have tcpdump; then
	ktap_is "and no others" "$(tcpdump -nr "$scratch/ten.pcap" 2>/dev/null | grep -c '192.0.2.2.40000 > 192.0.2.1.9: UDP')" 10
fi

tunx net sink -j -c 10 --timeout 20 rep0 >"$scratch/in" 2>"$scratch/err" &
sink=$!
wait_for 30 grep -q receiving "$scratch/err"
start=$(date +%s%N)
ktap_is "replay into the char half" "$(tunx replay -i rep0 "$scratch/ten.pcap")" "sent 10 packets, 980 bytes, into rep0"
took=$(($(date +%s%N) - start))
ends "the stack receives them" $sink
# nine pauses of a tenth of a second, as near as the capturing machine kept them
ktap_check "with their pauses" test $took -gt 500000000

"$tool" dump --node "$TUNX_NODE" -i rep0 --check -j -c 10 udp port 9 >"$scratch/out" 2>"$scratch/err" &
dump=$!
wait_for 30 grep -q reading "$scratch/err"
wait_for 30 sh -c "ip link show rep0 | grep -q LOWER_UP"
ktap_is "replay into the net half, fast" "$(tunx replay --fast --net -i rep0 "$scratch/ten.pcap")" \
	"sent 10 packets, 980 bytes, on rep0"
ends "the reader gets them" $dump
ktap_check "in order and whole" grep -qF '"received":10,"bytes":980,"lost":0,"late":0,"twice":0,"damaged":0' "$scratch/out"
ktap_is "the first three" "$(tunx replay --rate 1000 -c 3 -i rep0 "$scratch/ten.pcap")" "sent 3 packets, 294 bytes, into rep0"

tunx add rep1 mode tun >/dev/null
wrong 1 'link type EN10MB' tunx replay -i rep1 "$scratch/ten.pcap"
wrong 1 'reading packets' tunx replay -i rep0 /nonexistent
wrong 2 'which file' tunx replay
wrong 2 'on which device' tunx replay --net "$scratch/ten.pcap"
wrong 2 '--speed' tunx replay --speed 0 "$scratch/ten.pcap"
wrong 2 'the filter' tunx dump -i rep0 nonsense nonsense
tunx set rep0 down
wrong 1 'is down' tunx replay -i rep0 --fast "$scratch/ten.pcap"
ktap_end
