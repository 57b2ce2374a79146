#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# socat between UDP and an interface: tun, and tap with packet information; tcpdump
# on the way, and a bridge with a tap in it.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need socat tcpdump ping
make_pair

# tunnel NET OPTIONS: 10.NET.0.1 in A and 10.NET.0.2 in B, both named s0
# The datagram form: a connected socket dies of the refusal an early packet meets.
tunnel() {
	start "socat-A$1" A socat "UDP-DATAGRAM:10.9.0.2:11443,bind=10.9.0.1:11443" \
		"TUN:10.$1.0.1/24,tun-name=s0,iff-up,$2"
	start "socat-B$1" B socat "UDP-DATAGRAM:10.9.0.1:11443,bind=10.9.0.2:11443" \
		"TUN:10.$1.0.2/24,tun-name=s0,iff-up,$2"
}

# shellcheck disable=SC2317 # called by wait_for
dumped() {
	[[ $(grep -c 'ICMP echo re' "$scratch/dump.log") == 10 ]]
}

number=70
while read -r link options; do
	tunnel $number "$options"
	ktap_check "$options: ping" reaches A 10.$number.0.2
	# It stays to the end: its going makes the kernel patch its code, which under
	# traffic an emulated machine with two processors does not always survive.
	start dump A tcpdump -n -l -i s0 icmp
	ktap_check "tcpdump sees link type $link" \
		wait_for 10 grep -q "listening on s0, link-type $link " "$scratch/dump.log"
	in_B ping -c 5 -i 0.2 -W 5 10.$number.0.1 >/dev/null 2>&1 || true
	ktap_check "and the ten packets of five pings" wait_for 10 dumped
	ktap_check "a file arrives whole" carries A B 10.$number.0.2
	stop "$options"
	number=$((number + 1))
done <<-END
	RAW tun-type=tun,iff-no-pi
	EN10MB tun-type=tap
END

# The tap of B becomes a port of a bridge, which holds its address.
tunnel $number tun-type=tap,iff-no-pi
wait_for 10 ip -n B link show dev s0
ip -n B addr flush dev s0
ip -n B link add br0 type bridge
ip -n B link set s0 master br0
ip -n B addr add 10.$number.0.2/24 dev br0
ip -n B link set br0 up
ktap_check "a bridge with the tap in it: ping" reaches A 10.$number.0.2
ktap_check "a file arrives whole" carries B A 10.$number.0.1
ktap_check "the bridge learned who is behind the tap" grep -q "$(in_A cat /sys/class/net/s0/address)" \
	<(ip netns exec B bridge fdb show dev s0)
stop "bridge"
clients_end
