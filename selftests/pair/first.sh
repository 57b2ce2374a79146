#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The first program (helpers/first.c), unmodified, with the commands its readers
# type in the second and third shell:
#
#   first: open, TUNSETIFF, read, read, ...       tcpdump -i tun0
#   ip addr add 192.168.209.138/24 dev tun0; ip link set tun0 up
#   ping -c 4 192.168.209.139 -I tun0

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

ktap_begin
node_as_tun
first=$dir/helpers/first
[[ -e $first ]] || first=$dir/first

# shellcheck disable=SC2317 # called by wait_for
{
	four_reads() {
		[[ $(grep -c '^Read 84 bytes from tun0' "$scratch/first") == 4 ]]
	}
	four_requests() {
		[[ $(grep -c 'ICMP echo request' "$scratch/dump") == 4 ]]
	}
	gone() {
		! ip link show tun0
	}
}

"$first" >"$scratch/first" 2>&1 &
ktap_check "the program gets its interface" \
	wait_for 5 grep -q '^Open tun device tun0' "$scratch/first"

link=$(ip link show tun0)
ktap_check "flags <POINTOPOINT,MULTICAST,NOARP>" \
	grep -q '<POINTOPOINT,MULTICAST,NOARP>' <<<"$link"
ktap_check "mtu 1500" grep -q 'mtu 1500 ' <<<"$link"
ktap_check "qlen 500" grep -q 'qlen 500$' <<<"$link"
ktap_check "link/none" grep -q 'link/none' <<<"$link"

ktap_check "ip addr add" ip addr add 192.168.209.138/24 dev tun0
ktap_check "ip link set up" ip link set tun0 up

if have tcpdump; then
	tcpdump -l -n -i tun0 icmp >"$scratch/dump" 2>"$scratch/dump.err" &
	wait_for 10 grep -q 'listening on' "$scratch/dump.err" || true
fi
if have ping; then
	ping -c 4 -i 0.2 -W 1 192.168.209.139 -I tun0 >"$scratch/ping" 2>&1 || true
	ktap_check "ping loses every packet" grep -q '100% packet loss' "$scratch/ping"
	ktap_check "the program reads four packets of 84 bytes" \
		wait_for 5 four_reads
else
	ktap_skip "needs ping" "the program reads four packets of 84 bytes"
fi
if have tcpdump && have ping; then
	ktap_check "tcpdump sees four ICMP echo requests" wait_for 5 four_requests
	ktap_check "link type RAW" grep -q 'link-type RAW' "$scratch/dump.err"
else
	ktap_skip "needs tcpdump and ping" "tcpdump sees four ICMP echo requests"
fi

kill %1
ktap_check "with the program ends its interface" wait_for 5 gone
ktap_end
