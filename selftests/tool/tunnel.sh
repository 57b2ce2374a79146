#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx tunnel: packets of every kind of tunnel both ways, unreadable on the way,
# by a program without rights; and what is wrong use.
#
#	A  10.9.0.1 va ---- vb 10.9.0.2  B	underlay
#	   10.8.0.1 t0 ==== t0 10.8.0.2		through the tunnel, A listens
#
# Timeout: 600 s: a tunnel of each kind

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool.sh
. "$dir/tool.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"
# shellcheck source-path=SCRIPTDIR source=../tunnel.sh
. "$dir/tunnel.sh"

tunnel_begin
need ping iperf3

# works WHAT: pings and a stream, both ways
works() {
	ktap_check "$1: ping from A to B" pings A 10.8.0.2
	ktap_check "$1: ping from B to A, as long as fits" pings B 10.8.0.1 -M "do" -s "$(($(mtu) - 28))"
	ktap_check "$1: a stream from A to B" stream A B 10.8.0.2 -n 2M
	ktap_check "$1: a stream from B to A" stream B A 10.8.0.1 -n 2M
}

mtu() {
	ip netns exec A cat /sys/class/net/t0/mtu 2>/dev/null || ip -n A -o link show t0 | grep -oP 'mtu \K[0-9]+'
}

# kind WHAT MTU LISTEN CONNECT "OPTIONS OF BOTH" ["OF A" "OF B"]
kind_of_tunnel() {
	local what=$1 mtu=$2 both of_a=${6:-} of_b=${7:-}

	read -ra both <<<"$5"
	read -ra of_a <<<"$of_a"
	read -ra of_b <<<"$of_b"
	side A --up --address 10.8.0.1/24 --listen "$3" "${both[@]}" "${of_a[@]}"
	side B --up --address 10.8.0.2/24 --connect "$4" "${both[@]}" "${of_b[@]}"
	ktap_check "$what: they find each other" wait_for 20 both_answer
	ktap_is "$what: the MTU leaves room for all headers" "$(mtu)" "$mtu"
	works "$what"
	ends_tunnel "$what"
	ktap_is "$what: nothing forged, nothing repeated" "$(counter A forged)/$(counter A replayed)/$(counter B forged)" 0/0/0
}

psk="--key $scratch/psk"
kind_of_tunnel "UDP, shared key" 1440 10.9.0.1:6000 10.9.0.1:6000 "$psk"
kind_of_tunnel "UDP, public keys" 1440 10.9.0.1:6000 10.9.0.1:6000 "" \
	"--private-key $scratch/one --peer-key $(<"$scratch/two.pub")" \
	"--private-key $scratch/two --peer-key $(<"$scratch/one.pub")"
kind_of_tunnel "TCP" 1414 10.9.0.1:6000 10.9.0.1:6000 "--proto tcp $psk"
kind_of_tunnel "many packets a call" 1440 10.9.0.1:6000 10.9.0.1:6000 "--io batch $psk"
if [[ $TUNX_FLAVOUR == tunx ]]; then
	ktap_check "many packets a call: they are" grep -q ', batch$' "$scratch/A.err"
else
	ktap_check "one packet a call, where the driver cannot carry more" grep -q 'one packet a call' "$scratch/A.err"
fi
kind_of_tunnel "tap" 1426 10.9.0.1:6000 10.9.0.1:6000 "--tap $psk"
kind_of_tunnel "two threads" 1440 10.9.0.1:6000 10.9.0.1:6000 "--threads 2 $psk"
if has_address A fd00:9::1; then
	kind_of_tunnel "over IPv6" 1420 '[fd00:9::1]:6000' '[fd00:9::1]:6000' "$psk"
else
	ktap_skip "the kernel has no IPv6" "over IPv6"
fi
# Built without LZ4, it says so; with it, it does not come to a device that is not there
if [[ $("$tool" tunnel --compress --key "$scratch/psk" --connect 10.9.0.1:6000 --node /none 2>&1) != *"without LZ4"* ]]; then
	kind_of_tunnel "compressed" 1440 10.9.0.1:6000 10.9.0.1:6000 "--compress $psk"
fi

# The same from files; the program has no rights left, and onlookers see nothing
cat >"$scratch/A.conf" <<-END
	# the listening side
	listen = 10.9.0.1:6000
	key = $scratch/psk
	address 10.8.0.1/24
	up
END
side A --config "$scratch/A.conf"
side B --up --address 10.8.0.2/24 --connect 10.9.0.1:6000 --key "$scratch/psk"
ktap_check "options from a file" wait_for 20 both_answer
ktap_is "no user, no capability, nothing to be gained" \
	"$(awk '/^(Uid|CapEff|CapPrm|NoNewPrivs)/ { print $2 }' "/proc/$pid_A/status" | paste -sd' ')" \
	"$(id -u nobody) 0000000000000000 0000000000000000 1"
overheard() {
	: >"$scratch/tcpdump"
	timeout 60 ip netns exec A tcpdump -Z root -i va -U -w "$scratch/pcap" 2>"$scratch/tcpdump" &
	if ! wait_for 20 grep -q 'listening on' "$scratch/tcpdump"; then
		echo "tcpdump does not listen"
		return
	fi
	pings B 10.8.0.1 -p 736563726574 >/dev/null
	kill $!
	wait $! || true
	grep -c secretsecret "$scratch/pcap" || true
}
if have tcpdump; then
	ktap_is "on the way nobody reads it" "$(overheard)" 0
fi
ends_tunnel "from a file"

side A --up --address 10.8.0.1/24 --clear --local 10.9.0.1:6000 --connect 10.9.0.2:6000
side B --up --address 10.8.0.2/24 --clear --local 10.9.0.2:6000 --connect 10.9.0.1:6000
# shellcheck disable=SC2317 # called by wait_for
both_say() {
	grep -q "$1" "$scratch/A.err" && grep -q "$1" "$scratch/B.err"
}
ktap_check "not encrypted: it says so" wait_for 20 both_say 'NOT encrypted'
works "not encrypted"
if have tcpdump; then
	ktap_check "not encrypted: everybody reads it" grep -q "^[1-9]" <(overheard)
fi
ends_tunnel "not encrypted"

# What the kernel's own IP in IP understands, if it is there
side A --up --address 10.8.0.1/24 --proto ipip --local 10.9.0.1 --connect 10.9.0.2
side B --up --address 10.8.0.2/24 --proto ipip --local 10.9.0.2 --connect 10.9.0.1
ktap_check "IP in IP: it says that it is not encrypted" wait_for 20 both_say 'NOT encrypted'
ktap_is "IP in IP: the MTU leaves room for a header" "$(mtu)" 1480
works "IP in IP"
kill "$pid_B"
ends "IP in IP: one side ends" "$pid_B"
if ip -n B link add kernel type ipip local 10.9.0.2 remote 10.9.0.1 2>/dev/null; then
	ip -n B addr add 10.8.0.2/24 dev kernel
	ip -n B link set kernel up
	ktap_check "IP in IP: with the kernel's" pings A 10.8.0.2
	ip -n B link del kernel
else
	ktap_skip "the kernel has no ipip devices" "IP in IP: with the kernel's"
fi
kill "$pid_A"
ends "IP in IP: the other ends" "$pid_A"

t() {
	ip netns exec A "$tool" tunnel --node "$TUNX_NODE" "$@"
}
wrong 2 'either --listen or --connect' t --key "$scratch/psk"
wrong 2 'either --listen or --connect' t --key "$scratch/psk" --listen 10.9.0.1:1 --connect 10.9.0.1:2
wrong 2 'no key, no privacy' t --listen 10.9.0.1:6000
wrong 2 'go together' t --listen 10.9.0.1:6000 --private-key "$scratch/one"
wrong 2 'no key' t --listen 10.9.0.1:6000 --key "$scratch/A.conf"
wrong 1 'reading the key' t --listen 10.9.0.1:6000 --key "$scratch/none"
wrong 2 'has no port' t --listen 10.9.0.1 --key "$scratch/psk"
wrong 1 'no interface has this address' t --listen 10.7.0.1:6000 --key "$scratch/psk"
wrong 2 'takes no keys' t --clear --local 10.9.0.1:1 --connect 10.9.0.2:1 --key "$scratch/psk"
wrong 2 'on both sides' t --clear --listen 10.9.0.1:6000
wrong 2 'one stream' t --proto tcp --threads 2 --connect 10.9.0.2:1 --key "$scratch/psk"
wrong 2 'of a tun' t --proto ipip --tap --connect 10.9.0.2
wrong 1 'no user' t --listen 10.9.0.1:6000 --key "$scratch/psk" --user nobody-of-this-name
wrong 1 'without the dashes' t --config <(echo --up)
chmod 755 "$scratch"
chmod 644 "$scratch/two"
wrong 1 'others may read the key' t --listen 10.7.0.1:6000 --key "$scratch/two"
wrong 1 'CAP_NET_ADMIN' as_nobody "$tool" tunnel --node "$TUNX_NODE" --listen 127.0.0.1:6000 --key "$scratch/two"
ktap_end
