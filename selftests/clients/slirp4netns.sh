#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# slirp4netns: opens the node in one network namespace, which hands its file over
# to another, and speaks for it there; an MTU of 65520.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need slirp4netns nsenter socat ping
make_pair

# C is the namespace without a network.
ip netns add C
start holder C sleep 100
# shellcheck disable=SC2317 # called by wait_for
holder() {
	holder=$(pgrep -x sleep | head -n 1) && [[ $holder ]]
}
wait_for 10 holder
start slirp A slirp4netns --configure --mtu=65520 "$holder" tap0
ktap_check "a tap in the other namespace, configured" wait_for 20 has_address C 10.0.2.100
ktap_is "its mtu" "$(ip netns exec C cat /sys/class/net/tap0/mtu)" 65520
ktap_check "ping of the gateway" ip netns exec C ping -c 3 -i 0.2 -W 5 10.0.2.2
ktap_check "a file arrives whole, beyond A" carries C B 10.9.0.2 4096
stop "slirp4netns"
clients_end
