#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx check: nothing is broken, on either driver; what is absent is what the
# stock driver lacks.
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
status=0
tunx check >"$scratch/out" || status=$?
sed 's/^/# /' "$scratch/out"
ktap_is "nothing is broken" "$status $(grep ' broken ' "$scratch/out" | grep -v ', 0 broken$')" "0 "
absent=$(awk '$2 == "absent" { print $1 }' "$scratch/out" | paste -sd' ')
if [[ $kind == tunx ]]; then
	ktap_is "nothing is absent" "$absent" ""
else
	ktap_check "the stock driver has no counters for each queue" grep -q counters <<<"$absent"
fi
ktap_is "it leaves no device behind" "$(ip -br link | grep -c check || true)" 0
tunx check -j >"$scratch/out"
ktap_check "JSON" grep -q '^\[{"check":"features","result":"works","detail":"0x' "$scratch/out"

wrong 2 'what is' tunx check everything
wrong 1 'driver loaded' "$tool" check --node /dev/net/none
wrong 1 'CAP_SYS_ADMIN' as_nobody "$tool" check --node "$TUNX_NODE"
ktap_end
