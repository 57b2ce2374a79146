#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx add, set and show: wrong use, no rights, and nothing is changed by either
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

show() {
	field "$2" tunx show -j "$1"
}

tunx add set0 mode tap >/dev/null
wrong 2 'which device' tunx set
wrong 2 'set what' tunx set set0
wrong 2 'nothing that can be set' tunx set set0 colour blue
wrong 2 'needs a value' tunx set set0 mtu
wrong 2 'not a number' tunx set set0 mtu many
wrong 2 'neither on nor off' tunx set set0 persist maybe
wrong 2 'none of the words' tunx set set0 mtu 1000 offload csum,tso5
wrong 2 'no user' tunx set set0 user nosuchuser
wrong 2 'filter:' tunx set set0 filter 'tcp port nonsense nonsense'
ktap_is "nothing was changed by them" "$(show set0 mtu)" 1500
wrong 1 'no tun/tap device' tunx set nodev0 up
wrong 1 'no such tun/tap device' tunx show nodev0
wrong 1 'CAP_NET_ADMIN' as_nobody "$tool" set --node "$TUNX_NODE" set0 mtu 1300
wrong 1 'CAP_NET_ADMIN' as_nobody "$tool" add --node "$TUNX_NODE" no0 mode tun
ktap_check "anybody may look" as_nobody "$tool" show set0
ktap_end
