#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx chr: steps on the command line and on standard input, each with its result;
# errors that were foretold and others; packets both ways, with every header.
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

# said WHAT TEXT: a line of the last output has TEXT
said() {
	ktap_check "$1" grep -qF -- "$2" "$scratch/out"
}

status=0
tunx chr >"$scratch/out" <<-'END' || status=$?
	# a tap with every header
	tungetfeatures
	TUNSETIFF chr0 tap vnet_hdr
	TUNSETVNETHDRSZ 12
	TUNGETVNETHDRSZ
	TUNGETIFF
	TUNSETOFFLOAD csum,tso4
	SIOCSIFHWADDR 02:00:00:00:00:05
	SIOCGIFHWADDR
	TUNGETDEVNETNS
	TUNSETSNDBUF 4096
	TUNGETSNDBUF
	fails EAGAIN read
	fails EIO write udp
	up
	fails EEXIST TUNSETIFF chr1 tap
	fails EINVAL TUNSETSNDBUF 0
	vnet csum 34 6
	write udp size 10 dst 192.0.2.1
	fails EINVAL raw 00
	TUNATTACHFILTER arp
	TUNDETACHFILTER
	TUNSETTXFILTER allmulti 02:00:00:00:00:05
	poll out 0
	fdinfo
END
ktap_is "every step of standard input ends as it should" "$status $(grep -E 'FAILED|and not' "$scratch/out")" "0 "
said "features are decoded" "tun tap no_pi one_queue vnet_hdr multi_queue napi napi_frags"
said "the name" "TUNSETIFF chr0 tap vnet_hdr: chr0 0x"
said "a number" "TUNGETVNETHDRSZ: 12"
said "flags" "tap vnet_hdr"
said "the address" "SIOCGIFHWADDR: 02:00:00:00:00:05 type 1"
said "an error that was foretold" "fails EAGAIN read: EAGAIN (Resource temporarily unavailable)"
said "a namespace" "TUNGETDEVNETNS: $(readlink /proc/self/ns/net)"
said "a packet written, with 4 and 12 bytes of headers" \
	"write udp size 10 dst 192.0.2.1: 68 bytes, 02:74:75:6e:78:02 > 02:00:00:00:00:05, IP 192.0.2.2.40000 > 192.0.2.1.9: UDP, length 10"
said "fdinfo" "iff: chr0"

# A tun with packet info: what the stack sends is read, and SIGIO tells of it.
# shellcheck disable=SC2016 # expanded by the inner shell
tunx chr -x TUNSETIFF chr1 tun, up, sigio on, sleep 3000, wait 5000, poll in 100, read, read 30 \
	>"$scratch/out" 2>&1 &
wait_for 30 test -e /sys/class/net/chr1
wait_for 30 sh -c 'ip addr add 192.0.2.1/24 dev chr1 2>/dev/null; ip -4 addr show chr1 | grep -q 192.0.2.1'
wait_for 5 sh -c 'ip link show chr1 | grep -q LOWER_UP'
echo -n one >/dev/udp/192.0.2.7/9
echo -n two >/dev/udp/192.0.2.7/9
ends "it ends well" $!
said "SIGIO came" "wait 5000: SIGIO"
said "poll" "poll in 100: in"
said "a packet with packet info" "read: 35 bytes, IP 192.0.2.1."
said "its bytes" "  0000  45 00"
said "one that was cut" "read 30: 30 bytes, cut, "

tunx chr -j TUNGETFEATURES, fails EBADFD read >"$scratch/out"
said "JSON: results" '"step":"TUNGETFEATURES","good":true,"return":0,"result":"0x'
said "JSON: errors" '"step":"fails EBADFD read","good":true,"return":-1,"errno":"EBADFD"'

wrong 1 'EBADFD.*FAILED' tunx chr read
wrong 1 'and not EINVAL' tunx chr fails EINVAL read
wrong 2 'is no step' tunx chr jump
wrong 2 'is no flag' tunx chr TUNSETIFF x tap upside
wrong 2 'is no error' tunx chr fails NOTHING read
wrong 2 'not pairs' tunx chr raw 0
wrong 1 'driver loaded' "$tool" chr --node /dev/net/none read
wrong 1 'EPERM' as_nobody "$tool" chr --node "$TUNX_NODE" TUNSETIFF no0 tap
ktap_check "anybody may ask for the features" as_nobody "$tool" chr --node "$TUNX_NODE" TUNGETFEATURES
ktap_end
