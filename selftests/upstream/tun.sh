#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own selftest of the driver (net/tun.c of 7.3), compiled as it is:
# detach, delete and close in every order, and segmentation, plain and inside UDP
# tunnels. selftests/upstream/fetch gets it. What stock of an older kernel cannot
# do is skipped there; tunx passes it all.
#
# Timeout: 240 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

upstream=${TUNX_UPSTREAM:-/usr/src/tunx-upstream}

ktap_begin
if [[ ! -e $upstream/tun ]]; then
	ktap_skip "needs selftests/upstream/fetch" "the kernel's net/tun.c"
	ktap_end
fi
node_as_tun

# run NAME ARGUMENT...: its tests of that choice, in a network of their own
run() {
	local name=$1

	shift
	unshare --net sh -c 'ip link set lo up; exec "$@"' sh "$upstream/tun" "$@" \
		>"$scratch/$name" 2>&1 || true
}

# Some wait ten seconds for what must not come: they run beside the others.
rest=()
for variant in $("$upstream/tun" -l 2>&1 | grep -oE '[46]in[46]_(nogsosz_gtmss|over_maxbytes)'); do
	run "$variant" -v "$variant" &
	rest+=(-V "$variant")
done
run rest "${rest[@]}"
wait

while read -r line; do
	what=${line#*ok * }
	what=${what#\# XFAIL }
	case $line in
	"ok "*) ktap_pass "${what%% #*}" ;;
	"not ok "*)
		if [[ $TUNX_FLAVOUR == stock ]]; then
			ktap_skip "this kernel's stock driver fails it" "$what"
		else
			ktap_fail "$what"
		fi
		;;
	*) [[ $line != \#* ]] || echo "$line" ;;
	esac
done < <(cat "$scratch"/*)
ktap_is "all tests ran" "$(cat "$scratch"/* | grep -cE '^(not )?ok ')" 103
ktap_end
