#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx tunnel where the way loses, doubles and disorders packets, with new keys each
# second, and when one side is killed and starts anew.
#
#	A  10.9.0.1 va ---- vb 10.9.0.2  B	netem on both
#	   10.8.0.1 t0 ==== t0 10.8.0.2		through the tunnel, A listens
#
# Once: it is about the program, to which both drivers are the same
# Timeout: 300 s: streams, and waits for keepalives

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool.sh
. "$dir/tool.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"
# shellcheck source-path=SCRIPTDIR source=../tunnel.sh
. "$dir/tunnel.sh"

tunnel_begin
need ping iperf3

start_A() {
	side A --up --address 10.8.0.1/24 --listen 10.9.0.1:6000 --key "$scratch/psk" --keepalive 1 "$@"
}
start_B() {
	side B --up --address 10.8.0.2/24 --connect 10.9.0.1:6000 --key "$scratch/psk" --keepalive 1 "$@"
}

start_A --rekey 1
start_B --rekey 1
ktap_check "they find each other" wait_for 20 both_answer
ktap_check "a stream of eight seconds" stream B A 10.8.0.1 -t 8
sessions=$(counter A sessions)
ktap_check "new keys meanwhile ($sessions)" test "$sessions" -ge 5
ktap_is "and nothing was taken for forged or repeated" "$(counter A forged)/$(counter A replayed)" 0/0
echo "# measured: key changes under load: $sessions sessions"

if ip netns exec A tc qdisc add dev va root netem delay 5ms 3ms loss 20% duplicate 5% reorder 25% 2>"$scratch/netem" &&
	ip netns exec B tc qdisc add dev vb root netem delay 5ms 3ms loss 20% duplicate 5% reorder 25% 2>"$scratch/netem"; then
	out=$(ip netns exec B ping -i 0.05 -c 200 -W 2 10.8.0.1 || true)
	received=$(grep -oE '[0-9]+ received' <<<"$out" | cut -d' ' -f1)
	# 64 of 100 on average; the bounds are six deviations away
	ktap_check "20 % lost each way: of 200 pings $received come back" test "$received" -ge 85 -a "$received" -le 170
	ktap_check_not "none comes twice, though one in twenty was doubled" grep -q duplicates <<<"$out"
	ktap_check "the doubled were counted" test "$(counter A replayed)" -ge 1
	ktap_check "a stream gets through" stream B A 10.8.0.1 -n 200K
	ip netns exec A tc qdisc del dev va root
	ip netns exec B tc qdisc del dev vb root
else
	ktap_skip "the kernel has no netem: $(head -n 1 "$scratch/netem")" "a way that loses and disorders"
fi
ends_tunnel "loss"

# restarts PROTO: kill each side in turn
restarts() {
	start_A --proto "$1"
	start_B --proto "$1"
	ktap_check "$1: they find each other" wait_for 20 both_answer
	for victim in B A; do
		pid=pid_$victim
		kill -KILL "${!pid}"
		wait "${!pid}" 2>/dev/null || true
		start_$victim --proto "$1"
		ktap_check "$1: $victim is killed and starts anew" wait_for 40 ip netns exec B ping -c 1 -W 1 10.8.0.1
		ktap_check "$1: all pings from A come back" pings A 10.8.0.2
	done
	ends_tunnel "$1 restarts"
}
restarts udp
restarts tcp
ktap_end
