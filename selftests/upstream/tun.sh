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
for sources in "${TUNX_UPSTREAM:-}" "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tunx/upstream-6.1" \
	/usr/src/tunx-upstream-6.1; do
	[[ -z $sources || ! -e $sources/net/tun.c ]] || break
done
if [[ ! -e $sources/net/tun.c ]]; then
	ktap_skip "not downloaded; selftests/upstream/fetch gets it" "the kernel's net/tun.c"
	ktap_end
fi
node_as_tun
ktap_check "it compiles" cc -O2 -w -I "$sources" -o "$scratch/tun" "$sources/net/tun.c"

"$scratch/tun" >"$scratch/out" 2>&1 || true
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
