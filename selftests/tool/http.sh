#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx http: through other people's HTTP proxy to a web server and back, a thousand
# connections at a time, names; a proxy that is not there or refuses; and what is
# wrong use. What is the same for tunx socks is tried there.
#
# Once: it is about the program, to which both drivers are the same
# Timeout: 600 s: a thousand connections

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tool.sh
. "$dir/tool.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"
# shellcheck source-path=SCRIPTDIR source=../gate.sh
. "$dir/gate.sh"

gate_begin tinyproxy

# proxy LINE...: tinyproxy in B, with these lines besides
proxy() {
	printf '%s\n' "User root" "Group root" "Port 8888" "Listen 10.9.0.2" "Timeout 600" "MaxClients 2048" \
		"LogLevel Critical" "Allow 10.9.0.0/24" "$@" >"$scratch/tinyproxy.conf"
	limit=1000 start tinyproxy B tinyproxy -d -c "$scratch/tinyproxy.conf"
	wait_for 20 listens 8888
}
no_proxy() {
	in_B pkill -x tinyproxy || true
	wait_for 20 silent 8888
}

proxy "ConnectPort 53" "ConnectPort 80" "ConnectPort 90" "ConnectPort 7000" "ConnectPort 82"
gate http 10.9.0.2:8888
carries_all "tinyproxy"
names_asked
endings_seen whole
crowd
nonsense
out=$(in_A timeout 20 python3 - $web 2>&1 <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect((sys.argv[1], 9))
	s.settimeout(10)
	s.send(b"datagram")
	s.recv(1)
END
) || true
ktap_check "datagrams are refused" grep -q 'Connection refused' <<<"$out"
ktap_check "a port it does not allow: no page" gets_not "http://$web:81/page"
ktap_check "and it says why" wait_for 20 says "refuses $web:81: 403"
ktap_check "a port nobody listens at: no page" gets_not "http://$web:82/page"
ktap_check "and it says why" wait_for 20 says "refuses $web:82: 5"
no_proxy
ktap_check "the proxy is down: no page" gets_not "http://$web/page"
ktap_check "and it says why" wait_for 20 says "the proxy at 10.9.0.2:8888: Connection refused"
proxy "BasicAuth somebody secret"
ktap_check "it wants a password: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says '407.*--login FILE'
gate_ends "tinyproxy"

# of each length modulo three, as base64 counts
for login in somebody:secret a:b ab:c; do
	no_proxy
	proxy "BasicAuth ${login/:/ }"
	(umask 077 && echo $login >"$scratch/login")
	gate http --login "$scratch/login" 10.9.0.2:8888
	ktap_check "user and password $login: a page" gets "http://$web/page"
	gate_ends "user and password"
done
(umask 077 && echo somebody:wrong >"$scratch/login")
gate http --login "$scratch/login" 10.9.0.2:8888
ktap_check "a wrong password: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says "refuses $web:80: 40"
ktap_is "and counts it" "$(counter refused)" 1
gate_ends "a wrong password"
no_proxy

# What is no proxy, and one that never stops talking
limit=1000 start nonsense B socat TCP-LISTEN:8888,bind=10.9.0.2,fork,reuseaddr SYSTEM:"echo 220 mail.example.org; cat >/dev/null"
wait_for 20 listens 8888
gate http 10.9.0.2:8888
ktap_check "no HTTP proxy: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says 'does not speak HTTP'
no_nonsense=$(in_B pgrep -x socat)
# shellcheck disable=SC2086 # one word per process
kill $no_nonsense
wait_for 20 silent 8888
limit=1000 start talks B socat TCP-LISTEN:8888,bind=10.9.0.2,fork,reuseaddr SYSTEM:"echo HTTP/1.1 200 OK; yes a: b; cat >/dev/null"
wait_for 20 listens 8888
ktap_check "an answer without an end: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says 'talks too much'
gate_ends "no HTTP proxy"

wrong 2 'which proxy' in_A "$tool" http --node "$TUNX_NODE"
chmod 755 "$scratch"
wrong 1 'CAP_NET_ADMIN' as_nobody "$tool" http --node "$TUNX_NODE" 127.0.0.1:8888
clients_end
