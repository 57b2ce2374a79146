# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the variables of lib.sh, ktap.sh and tool.sh
#
# What the tests of tunx tunnel share; comes after lib.sh, tool.sh and clients.sh:
#
#	A  10.9.0.1 va ---- vb 10.9.0.2  B	underlay, also fd00:9::1 and ::2
#	   10.8.0.1 t0 ==== t0 10.8.0.2		through the tunnel, A listens

# Skips where the program was built without a tunnel, else makes the two hosts.
tunnel_begin() {
	local which n=0

	ktap_begin
	tool_present
	if [[ $("$tool" tunnel --help) == *"without libsodium"* ]]; then
		ktap_skip "built without libsodium; apt-get install libsodium-dev, make tools" "${0##*/}"
		ktap_end
	fi
	make_pair
	for which in "A va" "B vb"; do
		n=$((n + 1))
		ip netns exec "${which% *}" sh -c "echo 0 >/proc/sys/net/ipv6/conf/${which#* }/disable_ipv6" 2>/dev/null || true
		ip -n "${which% *}" addr add "fd00:9::$n/64" dev "${which#* }" nodad 2>/dev/null || true
	done
	for which in psk one two; do
		(umask 077 && "$tool" tunnel genkey >"$scratch/$which")
	done
	"$tool" tunnel pubkey <"$scratch/one" >"$scratch/one.pub"
	"$tool" tunnel pubkey <"$scratch/two" >"$scratch/two.pub"
}

# side NS OPTION...: one end of the tunnel; its pid is pid_NS, its words NS.err, its counters NS.out
side() {
	local ns=$1

	shift
	: >"$scratch/$ns.err"
	ip netns exec "$ns" "$tool" tunnel --node "$TUNX_NODE" -i t0 "$@" >"$scratch/$ns.out" 2>"$scratch/$ns.err" </dev/null &
	printf -v "pid_$ns" %s $!
}

# shellcheck disable=SC2317 # called by wait_for
both_answer() {
	grep -q 'the peer answers' "$scratch/A.err" && grep -q 'the peer answers' "$scratch/B.err"
}

# ends_tunnel WHAT: both sides end well
ends_tunnel() {
	kill "$pid_A" "$pid_B"
	ends "$1: the listening side ends well" "$pid_A"
	ends "$1: the connecting side ends well" "$pid_B"
}

# counter NS NAME: its value, asked for with SIGUSR1, or of the end
counter() {
	local pid=pid_$1 lines

	if kill -0 "${!pid}" 2>/dev/null; then
		lines=$(wc -l <"$scratch/$1.out")
		kill -USR1 "${!pid}"
		wait_for 10 more_lines "$scratch/$1.out" "$lines" || true
	fi
	awk -v name="$2" '{ value = $NF; sub(/ +[0-9]+$/, ""); if ($0 == name) last = value } END { print last + 0 }' "$scratch/$1.out"
}

# All counters come with one write, the last of them is this
# shellcheck disable=SC2317 # called by wait_for
more_lines() {
	(($(wc -l <"$1") > $2)) && [[ $(tail -n 1 "$1") == clamped* ]]
}

# pings NS ADDRESS [OPTION...]: all come back, once
pings() {
	local ns=$1 out

	shift
	out=$(ip netns exec "$ns" ping -i 0.05 -c 20 -W 5 "$@" 2>&1) || true
	echo "$out"
	grep -q ' 20 received' <<<"$out" && ! grep -q duplicates <<<"$out"
}

# stream FROM TO ADDRESS [OPTION...]: iperf3 through the tunnel to ADDRESS, which is TO's
stream() {
	local from=$1 to=$2 address=$3

	shift 3
	: >"$scratch/iperf"
	ip netns exec "$to" timeout 60 iperf3 -s -1 -B "$address" --forceflush >"$scratch/iperf" 2>&1 &
	wait_for 20 grep -q 'listening' "$scratch/iperf" &&
		ip netns exec "$from" timeout 60 iperf3 -c "$address" "$@"
}
