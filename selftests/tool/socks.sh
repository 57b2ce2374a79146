#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx socks: through other people's SOCKS5 proxies to a web server and back, a
# thousand connections at a time, names, datagrams; proxies that are not there or
# refuse; and what is wrong use.
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

gate_begin microsocks

# proxy NAME PROGRAM...: in B; it listens
proxy() {
	limit=1000 start "$1" B "${@:2}"
	wait_for 20 listens 1080
}
no_proxy() {
	in_B pkill -x "$1" || true
	wait_for 20 silent 1080
}

proxy microsocks microsocks -i 10.9.0.2 -p 1080
gate socks 10.9.0.2:1080
carries_all "microsocks"
names_asked
crowd
nonsense
in_A timeout 20 socat -u - "UDP:$web:9" <<<datagram || true
ktap_check "datagrams, which this proxy does not take: it says so" wait_for 20 says 'refuses datagrams'
ktap_check "a port nobody listens at: no page" gets_not "http://$web:81/page"
ktap_check "and it says why" wait_for 20 says "refuses $web:81: connection refused"
no_proxy microsocks
ktap_check "the proxy is down: no page" gets_not "http://$web/page"
ktap_check "and it says why" wait_for 20 says "the proxy at 10.9.0.2:1080: Connection refused"
proxy microsocks microsocks -i 10.9.0.2 -p 1080 -u somebody -P secret
ktap_check "it wants a password: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says 'wants a user and a password'
gate_ends "microsocks"

echo somebody:secret >"$scratch/right"
echo somebody:wrong >"$scratch/bad"
chmod 600 "$scratch/right" "$scratch/bad"
gate socks --login "$scratch/right" 10.9.0.2:1080
ktap_check "user and password: a page" gets "http://$web/page"
gate_ends "user and password"
gate socks --login "$scratch/bad" 10.9.0.2:1080
ktap_check "a wrong password: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says 'refuses the user or the password'
ktap_is "and counts it" "$(counter refused)" 1
gate_ends "a wrong password"
no_proxy microsocks

# To a name server of our choice
proxy microsocks microsocks -i 10.9.0.2 -p 1080
gate socks --dns $net4.53:53 10.9.0.2:1080
ktap_is "--dns: a name, whoever is asked" "$(asks short $net4.99)" "1 1"
gate_ends "--dns"

# Without rights, on a device that somebody with rights made
chmod 755 "$scratch"
in_A "$tool" add --node "$TUNX_NODE" t0 mode tun user 65534 >/dev/null
ip -n A addr add 10.7.0.1/24 dev t0
ip -n A link set t0 up
ip -n A route add "$net4.0/24" dev t0
ip netns exec A setpriv --reuid 65534 --regid 65534 --clear-groups -- "$tool" socks --node "$TUNX_NODE" -i t0 \
	10.9.0.2:1080 >"$scratch/gate.out" 2>"$scratch/gate.log" </dev/null &
gate=$!
wait_for 20 says 'tun device' || true
ktap_check "without rights, on a device of one's own: a page" gets "http://$web/page"
gate_ends "without rights"
ip -n A link del t0
no_proxy microsocks

# echoes SIZE: a datagram of that size goes out and comes back
echoes() {
	in_A timeout 60 python3 - "$web" "$1" <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.connect((sys.argv[1], 7))
		s.settimeout(5)
		data = os.urandom(int(sys.argv[2]))
		for _ in range(8):
		    s.send(data)
		    try:
		        sys.exit(s.recv(65536) != data)
		    except socket.timeout:
		        pass
		sys.exit(1)
	END
}
if have danted; then
	cat >"$scratch/danted.conf" <<-END
		logoutput: stderr
		internal: 10.9.0.2 port = 1080
		external: 10.9.0.2
		socksmethod: none
		clientmethod: none
		client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
		socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 port = 81 command: connect }
		socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect udpassociate udpreply }
	END
	proxy danted danted -f "$scratch/danted.conf"
	limit=1000 start echo B socat "UDP-LISTEN:7,bind=$web,fork,reuseaddr" PIPE
	gate socks 10.9.0.2:1080
	ktap_check "dante: a page" gets "http://$web/page"
	ktap_check "dante: a large file arrives whole" gets "http://$web/big"
	for size in 1 1000 1472; do
		ktap_check "dante: a datagram of $size bytes comes back" echoes $size
	done
	ktap_check "dante: a datagram in fragments comes back" echoes 4000
	ktap_check "dante: they are counted" counted "datagrams in" 4
	names_asked
	endings_seen by-halves
	ktap_check "dante: a port it does not allow: no page" gets_not "http://$web:81/page"
	ktap_check "and it says why" wait_for 20 says "refuses $web:81: not allowed"
	gate_ends "dante"
	no_proxy danted
else
	ktap_skip "no danted (Debian: dante-server, not in every suite)" "datagrams through a proxy that takes them"
fi

# What is no proxy
proxy nonsense socat TCP-LISTEN:1080,bind=10.9.0.2,fork,reuseaddr SYSTEM:"echo HTTP/1.0 400 Bad; cat >/dev/null"
gate socks 10.9.0.2:1080
ktap_check "no SOCKS proxy: no page" gets_not "http://$web/page"
ktap_check "and it says so" wait_for 20 says 'does not speak SOCKS5'
gate_ends "no SOCKS proxy"

t() {
	ip netns exec A "$tool" socks --node "$TUNX_NODE" "$@"
}
wrong 2 'which proxy' t
wrong 2 'has no port' t 10.9.0.2
wrong 2 'has no port' t 10.9.0.2:0
wrong 2 'what is' t 10.9.0.2:1080 more
wrong 1 'is a tap' t --tap 10.9.0.2:1080
wrong 1 'reading the login' t --login "$scratch/none" 10.9.0.2:1080
wrong 2 'is not user:password' t --login "$scratch/www/page" 10.9.0.2:1080
wrong 2 'has no port' t --dns 10.9.0.2 10.9.0.2:1080
wrong 1 'no user' t --user nobody-of-this-name 10.9.0.2:1080
chmod 644 "$scratch/right"
wrong 1 'others may read the login' as_nobody "$tool" socks --node "$TUNX_NODE" --login "$scratch/right" 127.0.0.1:1080
wrong 1 'CAP_NET_ADMIN' as_nobody "$tool" socks --node "$TUNX_NODE" 127.0.0.1:1080
clients_end
