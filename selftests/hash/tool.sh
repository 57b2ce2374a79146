#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx hash: what it sets it shows, and so does ethtool; with a device nobody
# holds, and with one that another process does.
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

hash() {
	local verb=$1

	shift
	"$tool" hash "$verb" --node "$TUNX_NODE" "$@"
}

# The value of a Python expression over the object that show -j prints
value() {
	hash show -j "$1" | python3 -c 'import json, sys; h = json.load(sys.stdin)[0]; print(eval(sys.argv[1]))' "$2"
}

"$tool" add --node "$TUNX_NODE" hash0 mode tap multi_queue vnet_hdr >/dev/null
if ! hash show hash0 >"$scratch/out" 2>&1 && grep -q 'knows no hashing' "$scratch/out"; then
	ktap_skip "this tun knows no hashing; tunx does" "tunx hash"
	"$tool" del --node "$TUNX_NODE" hash0
	ktap_end
fi

ktap_is "nothing is set" "$(hash show hash0)" "hash0: report off rss off"
ktap_check "set --report --table" hash set --report --types tcpv4,udpv6 --table 3,1,2,0 \
	--unclassified 2 --symmetric hash0
ktap_is "both are on" "$(value hash0 'h["report"], h["rss"]')" "(True, True)"
ktap_is "types" "$(value hash0 'h["types"]')" "['tcpv4', 'udpv6']"
ktap_is "table" "$(value hash0 'h["table"], h["unclassified"]')" "([3, 1, 2, 0], 2)"
key=$(printf '6d5a%.0s' {1..20})
ktap_is "symmetric key" "$(value hash0 'h["key"]')" "$key"
ktap_is "text has the same keys" "$(hash show dev hash0)" "hash0: report on rss on
    types tcpv4,udpv6
    key $key transform none unclassified 2
    table 3,1,2,0"
if have ethtool; then
	ktap_is "ethtool -x shows the table" \
		"$(ethtool -x hash0 | awk '$1 == "0:" { print $2, $3, $4, $5 }')" "3 1 2 0"
	ktap_is "ethtool -x shows the key" \
		"$(ethtool -x hash0 | awk '/^6d:5a:/ { gsub(":", ""); print; exit }')" "$key"
	ktap_check "ethtool -X with a key" ethtool -X hash0 hkey \
		"$(printf '01:02%.0s:' {1..20} | sed 's/:$//')"
	ktap_is "tunx hash shows it" "$(value hash0 'h["key"]')" "$(printf '0102%.0s' {1..20})"
else
	ktap_skip "there is no ethtool" "ethtool -x and -X"
fi

ktap_check "set --table with a random key" hash set --table 0,1 hash0
ktap_is "all types" "$(value hash0 'len(h["types"])')" "9"
first=$(value hash0 'h["key"]')
hash set --table 0,1 hash0
ktap_check_not "which differs" test "$first" = "$(value hash0 'h["key"]')"
ktap_check "set --off" hash set --off hash0
ktap_is "nothing is set again" "$(hash show hash0)" "hash0: report off rss off"
for wrong in "--table 0,1,2" "--table 0,x" "--types tcp" "--table 0 --key 6d5a" "--key $key" "--off --report" ""; do
	# shellcheck disable=SC2086 # words
	ktap_is "wrong use: ${wrong:-nothing} is refused" "$(hash set $wrong hash0 >/dev/null 2>&1 || echo $?)" 2
done
ktap_check_not "no such device" hash show nodev0
"$tool" del --node "$TUNX_NODE" hash0

# A device with one queue, in use: its holder's file serves.
"$tool" dump --node "$TUNX_NODE" --tap -i hash1 >/dev/null &
wait_for 10 grep -q . /sys/class/net/hash1/tun_flags
ktap_check "held by another: set" hash set --report hash1
ktap_is "held by another: show" "$(value hash1 'h["report"], h["rss"]')" "(True, False)"
ktap_end
