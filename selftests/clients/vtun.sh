#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# vtun, of the year 2001: tun and tap.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need vtund socat ping
make_pair
# vtun sets its interface up while it forwards already, and ends when it cannot write:
# nothing may be sent before both are up.
for ns in A B; do
	ip netns exec $ns sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
done
mkdir -p /run/lock/vtund

# configure TYPE NUMBER: what vtun is to do, the same on both sides but for the address
configure() {
	cat <<-END
		options { port 5000; ip /sbin/ip; }
		$1 {
			passwd secret;
			type $1;
			proto tcp;
			keepalive yes;
			up {
				ip "addr add 10.70.0.$2/24 dev %%";
				ip "link set %% up";
			};
		}
	END
}

for type in tun ether; do
	configure $type 2 >"$scratch/B.conf"
	configure $type 1 >"$scratch/A.conf"
	start "vtun-$type-B" B vtund -n -s -f "$scratch/B.conf"
	wait_for 10 in_A socat -u OPEN:/dev/null TCP:10.9.0.2:5000
	start "vtun-$type-A" A vtund -n -f "$scratch/A.conf" $type 10.9.0.2
	ktap_check "$type: an interface in A" wait_for 20 has_address A 10.70.0.1
	ktap_check "$type: one in B" wait_for 20 has_address B 10.70.0.2
	ktap_check "$type: ping" reaches A 10.70.0.2
	ktap_check "$type: a file arrives whole" carries A B 10.70.0.2
	stop "$type"
done
clients_end
