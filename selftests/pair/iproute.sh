#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# iproute2's own tuntap commands, unmodified: persistent devices made, shown and
# deleted, and `ip -d link`.

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

ktap_begin
node_as_tun

flags() {
	cat "/sys/class/net/$1/tun_flags"
}

# name, wanted tun_flags, words for ip tuntap
while read -r name want words; do
	# shellcheck disable=SC2086 # the words are words
	ktap_check "ip tuntap add $words" ip tuntap add dev "$name" $words
	ktap_is "its flags" "$(flags "$name" 2>&1)" "$want"
	ktap_check "it is persistent" ip link show dev "$name"
	# shellcheck disable=SC2086
	ktap_check "ip tuntap del $words" ip tuntap del dev "$name" $words
	ktap_check_not "it is gone" ip link show dev "$name"
done <<-END
	it0 0x1801 mode tun
	it1 0x2802 mode tap pi one_queue
	it2 0x1902 mode tap multi_queue
END

ip tuntap add dev own0 mode tap user nobody group 12345
ktap_is "user and group" \
	"$(cat /sys/class/net/own0/owner /sys/class/net/own0/group)" $'65534\n12345'
ktap_check_not "ip tuntap add of what is there" ip tuntap add dev own0 mode tap
ktap_check_not "ip tuntap del as the other type" ip tuntap del dev own0 mode tun

details=$(ip -d link show dev own0)
ktap_check "ip -d link names the kind" grep -qw "$kind" <<<"$details"
if [[ $kind == tun ]]; then
	ktap_check "ip -d link shows type and owner" \
		grep -q 'tun type tap pi off vnet_hdr off persist on.* user nobody group 12345' \
		<<<"$details"
	ktap_check "ip tuntap show" grep -q '^own0: tap persist user 65534 group 12345$' \
		<(ip tuntap show | sed 's/ *$//')
else
	ktap_skip "ip knows the kind tun alone; the drop-in build has it" \
		"ip -d link shows type and owner"
	ktap_skip "ip knows the kind tun alone; the drop-in build has it" "ip tuntap show"
fi

ktap_check_not "ip link add type $kind" ip link add dev no0 type "$kind"
ktap_check "and says why" grep -q 'creation via rtnetlink is not supported' \
	<(ip link add dev no0 type "$kind" 2>&1 || true)
ktap_check "ip link del" ip link del dev own0
ktap_check_not "it is gone" ip link show dev own0
ktap_end
