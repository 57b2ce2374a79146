#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx bridge: the same frames pass, whichever way it waits:
#
#   tunx net send -> one -> tunx bridge -> two -> tunx net sink, and back
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
for way in select epoll sigio; do
	"$tool" bridge --node "$TUNX_NODE" --via $way --up one two >"$scratch/bridge" 2>"$scratch/err" &
	bridge=$!
	wait_for 30 grep -q '<->' "$scratch/err"
	# everything fits, however slow the bridge is
	"$tool" set --node "$TUNX_NODE" one txqueuelen 2000 && "$tool" set --node "$TUNX_NODE" two txqueuelen 2000
	for pair in "one two" "two one"; do
		read -r from to <<<"$pair"
		tunx net sink -j -c 500 --timeout 20 "$to" >"$scratch/in" 2>"$scratch/err" &
		sink=$!
		wait_for 30 grep -q receiving "$scratch/err"
		tunx net send -c 500 -s 200 "$from" >/dev/null
		ends "$way: 500 frames from $from to $to" $sink
		ktap_check "$way: in order and whole" grep -qF '"lost":0,"late":0,"twice":0,"damaged":0' "$scratch/in"
	done
	kill $bridge
	ends "$way: it ends well" $bridge
	ktap_is "$way: nothing was lost in between" "$(grep -c '(0 lost)' "$scratch/bridge")" 2
done

tunx add three mode tun >/dev/null
tunx add four mode tap >/dev/null
wrong 1 'different packets' tunx bridge three four
wrong 2 'which two' tunx bridge three
wrong 2 'neither select' tunx bridge --via luck three four
wrong 1 'CAP_NET_ADMIN' as_nobody "$tool" bridge --node "$TUNX_NODE" five six
ktap_end
