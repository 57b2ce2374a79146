#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own selftest of the driver (net/tun.c of 6.1), compiled as it is:
# detach, delete and close in every order. selftests/upstream/fetch gets it.

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

ktap_begin
if [[ ! -e $dir/upstream/tun ]]; then
	ktap_skip "needs selftests/upstream/fetch, then make -C selftests" \
		"the kernel's net/tun.c"
	ktap_end
fi
node_as_tun
"$dir/upstream/tun" >"$scratch/out" 2>&1 || true
while read -r line; do
	what=${line#*ok * }
	case $line in
	"ok "*) ktap_pass "$what" ;;
	"not ok "*) ktap_fail "$what" ;;
	*) echo "# $line" ;;
	esac
done <"$scratch/out"
ktap_is "all five tests ran" "$(grep -cE '^(not )?ok ' "$scratch/out")" 5
ktap_end
