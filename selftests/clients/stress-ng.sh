#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# stress-ng: interfaces made and deleted by several processes at once, with all the
# settings it knows (the size of a header among them, set to INT_MAX), and the
# ioctls it tries on any device.
# Timeout: 120 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need stress-ng
make_pair

ktap_check "--tun" in_A timeout 40 stress-ng --tun 4 --tun-ops 80 --timeout 20s --metrics-brief
ktap_check "--tun --tun-tap" in_A timeout 40 stress-ng --tun 4 --tun-tap --tun-ops 80 --timeout 20s
ktap_check "--dev" in_A timeout 20 stress-ng --dev 2 --dev-file /dev/net/tun --timeout 5s
stop "stress-ng"
clients_end
