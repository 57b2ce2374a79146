#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs bench on stock and on tunx, in a machine that counts instructions
# (tools/vm/run --icount), and prints both beside each other.

set -euo pipefail
cd "$(dirname "$0")/.."

[[ -e /sys/class/misc/tun ]] || modprobe tun
[[ -e /sys/class/misc/tunx ]] || insmod ../drivers/net/tunx/tunx.ko
TUNX_NODE=/dev/net/tun bench/bench | tee /tmp/stock
# What the first left behind (its namespace) is taken down in the background
sleep 5
TUNX_NODE=/dev/net/tunx bench/bench | tee /tmp/tunx
printf '%-24s %9s %9s %8s\n' "instructions, $(uname -r | cut -d- -f1)" stock tunx "tunx/stock"
paste /tmp/stock /tmp/tunx | awk '{
	half = NF / 2
	name = $1
	for (i = 2; i < half; i++)
		name = name " " $i
	printf "%-24s %9d %9d %9.2f\n", name, $half, $NF, $NF / $half
}'
