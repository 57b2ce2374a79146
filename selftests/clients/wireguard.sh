#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# wireguard-go: a tun, in newer versions with headers, segmentation offloads and
# many packets per turn; iperf3 through it, both ways.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need wireguard-go wg iperf3 socat ping
make_pair
umask 077

for peer in A B; do
	wg genkey >"$scratch/$peer.key"
	start "wireguard-$peer" $peer env WG_PROCESS_FOREGROUND=1 LOG_LEVEL=error wireguard-go "wg$peer"
done

# peer NS OTHER NUMBER: the interface's keys, and its address
peer() {
	wait_for 20 wg show "wg$1" || return
	wg set "wg$1" private-key "$scratch/$1.key" listen-port 51820 \
		peer "$(wg pubkey <"$scratch/$2.key")" allowed-ips 10.6.0.0/24 endpoint "10.9.0.$((3 - $3)):51820" || return
	ip -n "$1" addr add "10.6.0.$3/24" dev "wg$1" && ip -n "$1" link set "wg$1" up
}

ktap_check "an interface in A" peer A B 1
ktap_check "one in B" peer B A 2
ktap_check "ping" reaches A 10.6.0.2
ktap_check "a file arrives whole" carries A B 10.6.0.2 1024
start iperf3 B iperf3 --server
wait_for 10 in_B socat -u OPEN:/dev/null TCP:127.0.0.1:5201
ktap_check "iperf3" in_A timeout 20 iperf3 -c 10.6.0.2 -n 2M
ktap_check "iperf3, the other way" in_A timeout 20 iperf3 -c 10.6.0.2 -n 2M --reverse
stop "wireguard-go"
clients_end
