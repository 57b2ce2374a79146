#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Routed point-to-point: whatever the next hop, all packets reach the one reader,
# and nobody asks for a link address.
#
#   10.1.1.2 --via 192.168.1.2--> tun0 --> first (192.168.1.1 is ours)

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

ktap_begin
node_as_tun
first=$dir/helpers/first
[[ -e $first ]] || first=$dir/first

if ! have ping; then
	ktap_skip "needs ping" "packets of a route through the interface"
	ktap_end
fi
"$first" >"$scratch/first" 2>&1 &
wait_for 5 grep -q '^Open tun device tun0' "$scratch/first"
ip addr add 192.168.1.1/24 dev tun0
ip link set tun0 up
ktap_check "a route by a next hop nobody answers for" \
	ip route add 10.1.1.0/24 via 192.168.1.2
ping -c 3 -i 0.2 -W 1 10.1.1.2 >/dev/null 2>&1 || true
ktap_is "the reader gets the three packets, and nothing else" \
	"$(grep -c '^Read' "$scratch/first") $(grep -c '^Read 84 bytes' "$scratch/first")" "3 3"
ktap_is "no neighbour was asked for" "$(ip neigh show dev tun0 | grep -vc NOARP)" "0"
ktap_end
