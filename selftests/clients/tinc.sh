#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tinc: a tap that switches, whose address it asks the file for (SIOCGIFHWADDR),
# and a tun that routes, with packet information.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need tincd openssl socat ping
make_pair

# configure NET NODE ADDRESS OTHER OPTION...: the node's directory, and its key
configure() {
	local tinc=$scratch/tinc$1/$2 net=$1 node=$2 address=$3 other=$4

	shift 4
	mkdir -p "$tinc/hosts"
	printf '%s\n' "Name = $node" "ConnectTo = $other" "Interface = tn0" "Device = /dev/net/tun" \
		"AddressFamily = ipv4" "$@" >"$tinc/tinc.conf"
	printf '%s\n' "ip -4 addr add 10.$net.0.${address##*.}/24 dev tn0" "ip link set tn0 up" |
		sed '1i #!/bin/sh' >"$tinc/tinc-up"
	chmod +x "$tinc/tinc-up"
	printf '%s\n' "Address = $address" "Subnet = 10.$net.0.${address##*.}/32" >"$tinc/hosts/$node"
	tincd -c "$tinc" -K 2048 </dev/null >"$scratch/key.log" 2>&1
}

# network NET OPTION...: two nodes that know each other
network() {
	local net=$1 tinc=$scratch/tinc$1

	shift
	configure "$net" A 10.9.0.1 B "$@"
	configure "$net" B 10.9.0.2 A "$@"
	cp "$tinc/A/hosts/A" "$tinc/B/hosts/"
	cp "$tinc/B/hosts/B" "$tinc/A/hosts/"
	for node in A B; do
		start "tinc-$net-$node" $node tincd -c "$tinc/$node" -D -d1 --pidfile="$scratch/$node.pid"
	done
}

network 70 "Mode = switch" "DeviceType = tap"
ktap_check "tap: ping" reaches A 10.70.0.2
ktap_check "tap: a file arrives whole" carries A B 10.70.0.2
stop "tap"
network 71 "Mode = router" "DeviceType = tun"
ktap_check "tun: ping" reaches A 10.71.0.2
ktap_is "tun: its flags, with packet information" "$(in_A cat /sys/class/net/tn0/tun_flags)" 0x1
ktap_check "tun: a file arrives whole" carries A B 10.71.0.2
stop "tun"
clients_end
