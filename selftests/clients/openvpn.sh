#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# OpenVPN, tun and tap, between two peers that know each other's fingerprint.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need openvpn openssl socat ping
make_pair

for peer in A B; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$peer" \
		-keyout "$scratch/$peer.key" -out "$scratch/$peer.crt" 2>"$scratch/openssl.log"
done

fingerprint() {
	openssl x509 -in "$scratch/$1.crt" -noout -sha256 -fingerprint | cut -d= -f2
}

# peer TYPE NS PEER OPTION...
peer() {
	local type=$1 ns=$2 other=$3

	shift 3
	start "openvpn-$type-$ns" "$ns" openvpn --dev-type "$type" --dev ov0 --proto udp --disable-dco \
		--dh none --cert "$scratch/$ns.crt" --key "$scratch/$ns.key" \
		--peer-fingerprint "$(fingerprint "$other")" "$@"
}

peer tun B A --tls-server --ifconfig 10.8.0.2 10.8.0.1
peer tun A B --tls-client --remote 10.9.0.2 --ifconfig 10.8.0.1 10.8.0.2
ktap_check "tun: ping" reaches A 10.8.0.2
ktap_check "tun: a file arrives whole" carries B A 10.8.0.1
stop "tun"
peer tap B A --tls-server --ifconfig 10.8.1.2 255.255.255.0
peer tap A B --tls-client --remote 10.9.0.2 --ifconfig 10.8.1.1 255.255.255.0
ktap_check "tap: ping" reaches A 10.8.1.2
ktap_check "tap: a file arrives whole" carries B A 10.8.1.1
stop "tap"
clients_end
