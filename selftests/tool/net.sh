#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Numbered packets through both halves, none lost, late, twice or damaged:
#
#   tunx send -> char half -> net half -> tunx net sink
#   tunx net send -> net half -> char half -> tunx dump --check
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
# shellcheck disable=SC2317 # called by wait_for
ten_came() {
	[[ $(grep -c UDP "$scratch/in") == 10 ]]
}
clean='"lost":0,"late":0,"twice":0,"damaged":0'
for mode in tun tap; do
	tunx add net0 mode $mode >/dev/null
	# everything fits, however slow the reader is
	tunx set net0 txqueuelen 3000 up

	tunx net sink -j -c 2000 --timeout 20 net0 >"$scratch/in" 2>"$scratch/err" &
	wait_for 30 grep -q receiving "$scratch/err"
	ktap_check "$mode: send 2000" tunx send -i net0 -c 2000 -s 100
	ends "$mode: all arrive" $!
	ktap_check "$mode: in order, whole" grep -qF '"received":2000,' "$scratch/in"
	ktap_check "$mode: nothing wrong" grep -qF "$clean" "$scratch/in"
	ktap_check "$mode: latency" grep -qE '"latency_min_ns":[0-9]+,"latency_mean_ns":[0-9]+' "$scratch/in"

	tunx dump -i net0 --check -j -c 2000 >"$scratch/out" 2>"$scratch/err" &
	wait_for 30 grep -q reading "$scratch/err"
	wait_for 30 sh -c "ip link show net0 | grep -q LOWER_UP"
	ktap_check "$mode: net send 2000, IPv6" tunx net send -c 2000 -s 100 --dst 2001:db8::7 net0
	ends "$mode: the reader gets all" $!
	ktap_check "$mode: in order, whole" grep -qF '"received":2000,' "$scratch/out"
	ktap_check "$mode: nothing wrong" grep -qF "$clean" "$scratch/out"

	# Of twenty that are expected ten come.
	"$tool" net sink -v -c 20 --timeout 100 net0 >"$scratch/in" 2>"$scratch/err" &
	sink=$!
	wait_for 30 grep -q receiving "$scratch/err"
	tunx send -i net0 -c 10 >/dev/null
	wait_for 30 ten_came
	kill $sink
	status=0
	wait $sink || status=$?
	ktap_is "$mode: lost packets are told" "$status $(grep -o 'received 10,.*lost 10' "$scratch/in" | tr -d 0-9)" \
		"1 received , bytes , lost "
	tunx del net0
done

wrong 2 'send or sink' tunx net
wrong 2 'which device' "$tool" net sink
wrong 2 'different families' "$tool" net send --src 192.0.2.1 --dst 2001:db8::1 lo
wrong 1 'no device' "$tool" net send nodev0
wrong 1 'CAP_NET_RAW' as_nobody "$tool" net sink lo
wrong 1 'has no ARP' tunx send --tun --up --arp
ktap_end
