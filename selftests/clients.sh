# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the variables of lib.sh and ktap.sh
#
# What the tests of unmodified programs (clients/) share. A test sources lib.sh,
# then this file, and has two network namespaces:
#
#	A  10.9.0.1  va ---- vb  10.9.0.2  B
#
# Its programs know no other node than /dev/net/tun, which is the one under test.
# What they leave in /run goes with the test.

# need PROGRAM...: end the test here, skipped, when one is missing
need() {
	local program

	for program; do
		have "$program" && continue
		ktap_skip "needs $program; for the virtual machines selftests/clients/fetch gets it" \
			"${0##*/}"
		ktap_end
	done
}

in_A() {
	ip netns exec A "$@"
}

in_B() {
	ip netns exec B "$@"
}

module_refs() {
	cat "/sys/module/$kind/refcnt" 2>/dev/null || echo 0
}

make_pair() {
	node_as_tun
	mount -t tmpfs tmpfs /run
	ip netns add A
	ip netns add B
	ip link add va netns A type veth peer name vb netns B
	ip -n A addr add 10.9.0.1/24 dev va
	ip -n B addr add 10.9.0.2/24 dev vb
	for ns in A B; do
		ip -n $ns link set lo up
	done
	ip -n A link set va up
	ip -n B link set vb up
	refs=$(module_refs)
}

# start NAME NS PROGRAM...: run it in the background; NAME.log gets its words
# timeout becomes the program's parent, and passes signals on.
start() {
	local name=$1 ns=$2

	shift 2
	# Who waits for a word in it must not find those of a former run.
	: >"$scratch/$name.log"
	ip netns exec "$ns" timeout --kill-after=5 "${limit:-100}" "$@" \
		>"$scratch/$name.log" 2>&1 </dev/null &
}

# has_address NS ADDRESS: an interface that is up has it
has_address() {
	[[ $(ip -n "$1" -o addr show up to "$2") ]]
}

# reaches NS ADDRESS: the tunnel comes up, and pings of all sizes return
reaches() {
	local size

	wait_for 20 ip netns exec "$1" ping -c 1 -W 1 "$2" || return
	for size in 56 1200 4000; do
		ip netns exec "$1" ping -c 2 -i 0.2 -W 5 -s $size "$2" || return
	done
}

# carries FROM TO ADDRESS [KIB]: a file arrives whole at ADDRESS, which is TO's
carries() {
	local from=$1 to=$2 address=$3 got=$scratch/got receiver

	head -c "$((${4:-512} * 1024))" /dev/urandom >"$scratch/sent"
	rm -f "$got"
	ip netns exec "$to" timeout 30 socat -u "TCP-LISTEN:7000,reuseaddr" \
		"CREATE:$got" &
	receiver=$!
	if ! ip netns exec "$from" timeout 30 socat -u "FILE:$scratch/sent" \
		"TCP:$address:7000,retry=50,interval=0.1"; then
		kill $receiver
		return 1
	fi
	wait $receiver && cmp "$scratch/sent" "$got"
}

# shellcheck disable=SC2086,SC2317 # one word per process; called by wait_for
{
	no_client() {
		! kill -0 $pids
	}
	driver_is_free() {
		[[ $(module_refs) == "$refs" ]]
	}
}

# stop WHAT: end the programs; one that stays, or that keeps the driver, is a failure
# shellcheck disable=SC2086 # one word per process
stop() {
	local pids

	pids=$(jobs -pr)
	[[ -z $pids ]] || kill $pids 2>/dev/null || true
	ktap_check "$1: the programs end" wait_for 10 no_client
	ktap_check "$1: none of them holds the driver" wait_for 10 driver_is_free
}

# What the programs said matters when something failed.
clients_end() {
	local log

	if ((ktap_failed)); then
		for log in "$scratch"/*.log; do
			echo "# ${log##*/}:"
			tail -n 20 "$log" | tr -d '\r' | sed 's/^/#   /'
		done
	fi
	ktap_end
}
