#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own selftest of classic filters that look into the network header
# (net/skf_net_off of 7.3), compiled as it is: its frames come from a TAP, in one
# piece and in fragments. selftests/upstream/fetch gets it.

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

upstream=${TUNX_UPSTREAM:-/usr/src/tunx-upstream}

ktap_begin
if [[ ! -e $upstream/skf_net_off ]]; then
	ktap_skip "needs selftests/upstream/fetch" "the kernel's net/skf_net_off.sh"
	ktap_end
fi
node_as_tun
(cd "$upstream" && ./skf_net_off.sh) >"$scratch/out" 2>&1 || true
sed 's/^/# /' "$scratch/out"
for what in "no filter" "filter, linear skb (-f)" "filter, fragmented skb (-f) (-F)"; do
	# Each announces itself, and ends with OK when it was.
	ktap_check "skf_net_off: $what" \
		grep -qx OK <(awk -v what="$what" '/filter/ && /^(no filter|filter,)/ { on = $0 == what } on' "$scratch/out")
done
ktap_end
