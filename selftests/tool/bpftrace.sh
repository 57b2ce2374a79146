#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The bpftrace scripts load, and show something when packets pass.
#
# Timeout: 600 s: each is compiled first, which takes an emulated processor long

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool.sh
. "$dir/tool.sh"

scripts=$dir/../tools/bpftrace

ktap_begin
tool_present
if [[ $TUNX_FLAVOUR == stock ]]; then
	ktap_skip "the stock driver has no such tracepoints" "bpftrace scripts"
	ktap_end
elif ! have bpftrace || [[ ! -d $scripts ]]; then
	ktap_skip "needs bpftrace; for the virtual machines selftests/clients/fetch gets it" "bpftrace scripts"
	ktap_end
fi
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing

# A reader that answers pings, and one that is stopped, whose queue overflows. The
# function tunx would be a shell between us and the one to stop.
for n in 0 1; do
	"$tool" echo --node "$TUNX_NODE" -i t$n --up --address 10.8.$n.1/24 --ip 10.8.$n.2 >"$scratch/echo" 2>&1 &
	wait_for 20 ip link show t$n up
done
kill -STOP $!
stopped=$!
ip link set t1 txqueuelen 2

# shellcheck disable=SC2317 # called by wait_for
shows() {
	ping -c 5 -i 0.01 -W 1 10.8.0.2 || true
	ping -c 5 -i 0.01 -W 1 10.8.1.2 || true
	grep -q "$1" "$scratch/out"
}

# end NAME PID: as Ctrl-C does
end() {
	pkill -INT -P "$2" -x bpftrace || true
	ends "$1 ends" "$2"
}

# script NAME WORDS [at-its-end]: it loads, and prints WORDS
script() {
	local pid

	: >"$scratch/out"
	timeout 300 bpftrace "$scripts/$1" >"$scratch/out" 2>&1 &
	pid=$!
	ktap_check "$1 loads" wait_for 180 grep -q '^Attach' "$scratch/out"
	if [[ ${3:-} ]]; then
		shows never || true
		end "$1" $pid
		ktap_check "$1 shows '$2'" grep -q "$2" "$scratch/out"
	else
		ktap_check "$1 shows '$2'" wait_for 20 shows "$2"
		end "$1" $pid
	fi
	# shellcheck disable=SC2154 # of ktap.sh
	((!ktap_failed)) || sed 's/^/# /' "$scratch/out"
}
script latency.bt '^@us\[0\]' at-its-end
script drops.bt '^@packets\[0, [0-9]*\]: [1-9]'
script wakeups.bt '^@wakeups: [1-9]'
kill -KILL $stopped
ktap_end
