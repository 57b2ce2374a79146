#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs that make persistent interfaces: tunctl, and iproute2 with every word a
# hypervisor's script uses; what ip tuntap tells of those who use them. More of
# iproute2 is in pair/iproute.sh.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need tunctl socat
make_pair

ktap_check "tunctl makes one" in_A tunctl -b -u 12345 -t tc0
ktap_is "its owner" "$(in_A cat /sys/class/net/tc0/owner)" 12345
ktap_check "its flags: tap, no pi, persistent" grep -qx 0x1802 <(in_A cat /sys/class/net/tc0/tun_flags)
ktap_check "tunctl deletes it" in_A tunctl -d tc0
ktap_check_not "it is gone" in_A ip link show dev tc0

words="mode tap user 0 group 0 multi_queue vnet_hdr"
# shellcheck disable=SC2086 # the words are words
ktap_check "ip tuntap add $words" in_A ip tuntap add dev t0 $words
# shellcheck disable=SC2086
ktap_check "ip tuntap del $words" in_A ip tuntap del dev t0 mode tap multi_queue

# shellcheck disable=SC2317 # called by wait_for
shows_socat() {
	grep -q "Attached to processes:.*socat($(pgrep -x socat))" \
		<(in_A ip -d tuntap show | grep -A 1 '^s0: tap')
}

if [[ $kind == tun ]]; then
	start socat A socat UDP-DATAGRAM:10.9.0.2:11443 TUN:10.70.0.1/24,tun-name=s0,tun-type=tap,iff-no-pi
	ktap_check "ip -d tuntap show names the process" wait_for 10 shows_socat
	stop "socat"
else
	ktap_skip "ip knows the kind tun alone; the drop-in build has it" "ip -d tuntap show names the process"
fi
clients_end
