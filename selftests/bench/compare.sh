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
printf '%-30s %9s %9s %10s\n' "instructions, $(uname -r | cut -d- -f1)" stock tunx "tunx/stock"
# A row is a name and a number; stock lacks some
awk '{
	n = $NF
	sub(/ +[0-9]+$/, "")
}
NR == FNR {
	stock[$0] = n
	next
}
$0 in stock {
	printf "%-30s %9d %9d %10.2f\n", $0, stock[$0], n, n / stock[$0]
	next
}
{
	printf "%-30s %9s %9d %10s\n", $0, "-", n, "-"
}' /tmp/stock /tmp/tunx
