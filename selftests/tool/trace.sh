#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx trace: a packet each way, and both halves of the driver seen on its way; the
# buffer it used is gone afterwards, and nobody else's was touched.
#
# Timeout: 180 s: many short processes

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool.sh
. "$dir/tool.sh"

ktap_begin
tool_present
if [[ ! -e /sys/kernel/tracing ]]; then
	ktap_skip "this kernel has no tracefs" "tunx trace"
	ktap_end
fi
mount -t tracefs tracefs /sys/kernel/tracing
before=$(ls /sys/kernel/tracing/instances)
# passed PART NAME: the name, in that part, in the direction whose lines are in $way
passed() {
	ktap_check "$mode: $1: $2" grep -qE "us +$1 +[*]? *$2" "$way"
}
for mode in tun tap; do
	status=0
	tunx trace --$mode >"$scratch/out" 2>"$scratch/err" || status=$?
	ktap_is "$mode: a trace without complaints" "$status $(<"$scratch/err")" "0 "
	sed '/^the program writes/,$d' "$scratch/out" >"$scratch/read"
	sed -n '/^the program writes/,$p' "$scratch/out" >"$scratch/write"
	if ! grep -q function /sys/kernel/tracing/available_tracers; then
		ktap_skip "this kernel has no function tracer" "$mode: functions"
		continue
	fi
	way=$scratch/read
	passed core __dev_queue_xmit
	passed net "${kind}[a-z_]*xmit"
	passed chr "${kind}_chr_read_iter"
	way=$scratch/write
	passed chr "${kind}_chr_write_iter"
	passed core __netif_receive_skb_core
	# the time of each line is not before that of the one above
	ktap_is "$mode: in order" "$(awk '/^[a-z]/ { t = 0 } / us / { if ($1 < t) print; t = $1 }' "$scratch/out")" ""
	if [[ $kind == tunx && -e /sys/kernel/tracing/events/tunx ]]; then
		way=$scratch/read
		passed queue tunx_enqueue
		passed queue tunx_dequeue
		way=$scratch/write
		passed net tunx_rx
	fi
done
sed 's/^/# /' "$scratch/out"
ktap_check "JSON" grep -q '^\[{"way":"the stack sends, the program reads","microseconds":' <(tunx trace -j)
ktap_is "its buffer is gone" "$(ls /sys/kernel/tracing/instances)" "$before"
ktap_is "the tracer of the others is as it was" "$(cat /sys/kernel/tracing/current_tracer)" nop

wrong 2 'what is' tunx trace now
wrong 1 'needs root' as_nobody "$tool" trace --node "$TUNX_NODE"
ktap_end
