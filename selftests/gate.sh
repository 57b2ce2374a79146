# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the variables of lib.sh, ktap.sh and tool.sh
#
# What the tests of tunx socks and tunx http share; comes after lib.sh, tool.sh and
# clients.sh:
#
#	A  10.9.0.1 va ---- vb 10.9.0.2  B	the proxy is here
#	   10.7.0.1 t0			 lo	203.0.113.80, 2001:db8:1::80: a web server
#
# From A, the web server and all others are routed to t0, and only the proxy is not.

net4=203.0.113 net6=2001:db8:1:
web=$net4.80 web6=[$net6:80]

gate_begin() {
	ktap_begin
	tool_present
	if [[ $("$tool" socks --help) == *"without lwIP"* ]]; then
		ktap_skip "built without lwIP; apt-get install liblwip-dev, make tools" "${0##*/}"
		ktap_end
	fi
	need "$@" nginx curl python3 socat ping
	make_pair
	ulimit -n 8192
	for ns in A B; do
		ip netns exec $ns sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6' 2>/dev/null || true
	done
	for host in 53 80; do
		ip -n B addr add "$net4.$host/32" dev lo
		ip -n B addr add "$net6:$host/128" dev lo nodad 2>/dev/null || true
	done
	mkdir "$scratch/www"
	head -c 8M /dev/urandom >"$scratch/www/big"
	echo "a page" >"$scratch/www/page"
	web_server
}

web_server() {
	{
		echo "daemon off; user root; worker_processes 1; pid $scratch/nginx.pid; error_log stderr;"
		echo "events { worker_connections 4096; }"
		echo "http { access_log off; keepalive_timeout 600; keepalive_requests 100000;"
		for which in client_body proxy fastcgi uwsgi scgi; do
			echo "${which}_temp_path $scratch/$which;"
		done
		echo "server { listen $web:80 backlog=4096; root $scratch/www;"
		[[ ! -e /proc/sys/net/ipv6 ]] || echo "listen $web6:80 backlog=4096;"
		echo "} }"
	} >"$scratch/nginx.conf"
	limit=1000 start nginx B nginx -e stderr -c "$scratch/nginx.conf"
	wait_for 30 in_B curl -sf "http://$web/page"
}

# gate COMMAND OPTION...: tunx socks or http in A; its words gate.log, its counters gate.out
gate() {
	: >"$scratch/gate.log"
	ip netns exec A "$tool" "$1" --node "$TUNX_NODE" -i t0 --up --address 10.7.0.1/24 \
		--address fd00:7::1/64 "${@:2}" >"$scratch/gate.out" 2>"$scratch/gate.log" </dev/null &
	gate=$!
	if wait_for 20 grep -q 'tun device' "$scratch/gate.log"; then
		ip -n A route add "$net4.0/24" dev t0
		ip -n A route add "$net6:/64" dev t0 2>/dev/null || true
		return
	fi
	ktap_fail "tunx $1 starts"
	sed 's/^/# /' "$scratch/gate.log"
	ktap_end
}

# gate_ends WHAT
gate_ends() {
	kill "$gate"
	ends "$1: it ends well" "$gate"
	ktap_is "$1: and nothing was left open" "$(counter 'open now')" 0
}

# counter NAME: its value, asked for with SIGUSR1, or of the end
counter() {
	local lines

	if kill -0 "$gate" 2>/dev/null; then
		lines=$(wc -l <"$scratch/gate.out")
		kill -USR1 "$gate"
		wait_for 10 more_lines "$lines" || true
	fi
	awk -v name="$1" '{ value = $NF; sub(/ +[0-9]+$/, ""); if ($0 == name) last = value } END { print last + 0 }' \
		"$scratch/gate.out"
}

# shellcheck disable=SC2317 # called by wait_for
{
	# All counters come with one write, the last of them is this
	more_lines() {
		(($(wc -l <"$scratch/gate.out") > $1)) && [[ $(tail -n 1 "$scratch/gate.out") == "open now"* ]]
	}
	says() {
		grep -q -- "$1" "$scratch/gate.log"
	}
	listens() {
		[[ $(ip netns exec B ss -Htln "sport = :$1") ]]
	}
	silent() {
		! listens "$1"
	}
	counted() {
		(($(counter "$1") >= $2))
	}
}

# gets URL [FILE]: the web server's file, whole; FILE it is, if the URL does not end in it
gets() {
	ip netns exec A timeout 100 curl -sS --max-time 90 -o "$scratch/got" "$1" &&
		cmp "$scratch/got" "$scratch/www/${1##*/}"
}

# gets_not URL: no answer, and that at once
gets_not() {
	! ip netns exec A timeout 100 curl -sS --max-time 20 -o "$scratch/got" "$1" 2>"$scratch/curl" &&
		! grep -q 'timed out' "$scratch/curl"
}

# goes_out: a file arrives whole. A connection is taken before the server is asked, so
# the server must be there.
goes_out() {
	local receiver

	head -c 4M /dev/urandom >"$scratch/sent"
	ip netns exec B timeout 100 socat -u "TCP-LISTEN:7000,bind=$web,reuseaddr" "CREATE:$scratch/got" &
	receiver=$!
	wait_for 20 listens 7000
	in_A timeout 100 socat -u "FILE:$scratch/sent" "TCP:$web:7000" || true
	wait $receiver && cmp "$scratch/sent" "$scratch/got"
}

# Many connections that are all open at the same time, each used twice. Not all begin
# at once: where that takes long, TCP gives up some.
cat >"$scratch/crowd.py" <<'END'
import resource, selectors, socket, sys

host, many, wave = sys.argv[1], int(sys.argv[2]), 100
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
request = b"GET /page HTTP/1.1\r\nHost: crowd\r\n\r\n"
selector = selectors.DefaultSelector()
broken = set()

def connect():
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex((host, 80))
    return s

# Return: how many of them are answered
def ask(sockets):
    got = {s: b"" for s in sockets if s not in broken}
    waiting = set(got)
    for s in waiting:
        selector.register(s, selectors.EVENT_WRITE)
    while waiting:
        events = selector.select(100)
        if not events:
            print("nothing for 100 s")
            sys.exit(1)
        for key, event in events:
            s = key.fileobj
            try:
                if event & selectors.EVENT_WRITE:
                    s.send(request)
                    selector.modify(s, selectors.EVENT_READ)
                    continue
                data = s.recv(65536)
            except OSError:
                data = b""
            got[s] += data
            if not data:
                broken.add(s)
            if not data or got[s].endswith(b"\r\n\r\na page\n"):
                selector.unregister(s)
                waiting.discard(s)
    return len(set(got) - broken)

sockets, first, again = [], 0, 0
for i in range(0, many, wave):
    sockets += [connect() for _ in range(wave)]
    first += ask(sockets[i:])
for i in range(0, many, wave):
    again += ask(sockets[i:i + wave])
print(first, again, len(broken))
END

# crowd: 1,000 connections at a time
crowd() {
	local many=1000 out

	out=$(ip netns exec A timeout 250 python3 "$scratch/crowd.py" $web $many 2>&1) || true
	ktap_is "$many connections at a time: answered, answered again, broken" "$out" "$many $many 0"
	echo "# measured: connections open at a time: ${out%% *} connections"
}

# A name server over TCP and, to see who asks, one over UDP that says something else.
# The name "long" has an answer too long for a datagram.
cat >"$scratch/names.py" <<'END'
import socket, struct, sys, threading

def answer(question, last):
    end = 12
    while question[end]:
        end += question[end] + 1
    n = 100 if question[13:17] == b"long" else 1
    head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, n, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, last])
    return head + question[12:end + 5] + n * record

def stream(s):
    s.listen(64)
    while True:
        c, _ = s.accept()
        size = struct.unpack("!H", c.recv(2, socket.MSG_WAITALL))[0]
        a = answer(c.recv(size, socket.MSG_WAITALL), 1)
        c.sendall(struct.pack("!H", len(a)) + a)
        c.close()

t = socket.socket()
t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
t.bind((sys.argv[1], 53))
threading.Thread(target=stream, args=(t,), daemon=True).start()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind((sys.argv[1], 53))
print("names", flush=True)
while True:
    q, who = u.recvfrom(4096)
    u.sendto(answer(q, 2), who)
END

# asks NAME SERVER [SIZE]: the last byte of the first address, and how many answers;
# SIZE is the largest answer it takes, 512 without
cat >"$scratch/asks.py" <<'END'
import socket, struct, sys

name, server = sys.argv[1:3]
size = int(sys.argv[3]) if len(sys.argv) > 3 else 0
q = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 1 if size else 0)
q += bytes([len(name)]) + name.encode() + b"\0" + struct.pack("!HH", 1, 1)
end = len(q)
if size:
    q += b"\0" + struct.pack("!HHIH", 41, size, 0, 0)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((server, 53))
for _ in range(5):
    s.settimeout(4)
    s.send(q)
    try:
        a = s.recv(65536)
    except socket.timeout:
        continue
    _, flags, _, n, _, _ = struct.unpack("!HHHHHH", a[:12])
    if flags & 0x200:
        print("truncated", n, len(a) == end)
    else:
        print(a[end + 15], n)
    break
END
asks() {
	ip netns exec A timeout 30 python3 "$scratch/asks.py" "$@" 2>&1
}

# Questions are asked over TCP, whatever the proxy
names_asked() {
	if [[ ! -e $scratch/names.log ]]; then
		limit=1000 start names B python3 "$scratch/names.py" $net4.53
		wait_for 20 grep -q names "$scratch/names.log"
	fi
	ktap_is "a name" "$(asks short $net4.53)" "1 1"
	ktap_is "an answer too long for a datagram is cut" "$(asks long $net4.53)" "truncated 0 True"
	ktap_is "unless the client takes it" "$(asks long $net4.53 4096)" "1 100"
}

# How connections end: each side first, and each by a reset
cat >"$scratch/endings.py" <<'END'
import socket, struct, sys, threading

host = sys.argv[2]
reset = struct.pack("ii", 1, 0)
size = 300000

def everything(s):
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return len(data)
            data += more
    except ConnectionResetError:
        return "reset"

if sys.argv[1] == "serve":
    def serve(c):
        kind = c.recv(1)
        if kind == b"e":                        # the client ends first, we answer then
            n = everything(c)
            c.sendall(b"x" * n)
        elif kind == b"f":                      # we end first, the client goes on
            c.sendall(b"x" * size)
            c.shutdown(socket.SHUT_WR)
            n = everything(c)
            print("after", n, flush=True)
        elif kind == b"r":                      # we break it off
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        elif kind == b"c":                      # the client does
            c.send(b"x")
            print("client", everything(c), flush=True)
        c.close()

    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, 90))
    s.listen(64)
    print("serves", flush=True)
    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()

s = socket.socket()
s.settimeout(60)
s.connect((host, 90))
kind = sys.argv[1]
s.send(kind.encode())
if kind == "e":
    s.sendall(b"y" * size)
    s.shutdown(socket.SHUT_WR)
    print(everything(s))
elif kind == "f":
    print(everything(s))
    s.sendall(b"y" * size)
elif kind == "r":
    # whether the proxy says that it was broken off, or just ended, is its own matter
    print(everything(s) in (0, "reset"))
elif kind == "c":
    s.recv(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
s.close()
END
ending() {
	ip netns exec A timeout 60 python3 "$scratch/endings.py" "$1" $web 2>&1
}
# endings_seen WAY: by-halves takes a proxy which carries on when one side has ended
endings_seen() {
	limit=1000 start endings B python3 "$scratch/endings.py" serve $web
	wait_for 20 grep -q serves "$scratch/endings.log"
	if [[ $1 == by-halves ]]; then
		ktap_is "the client ends first, and is answered then" "$(ending e)" 300000
		ktap_is "the server ends first" "$(ending f)" 300000
		ktap_check "and gets all that the client sends then" wait_for 20 \
			grep -q 'after 300000' "$scratch/endings.log"
	fi
	ktap_is "the server breaks off" "$(ending r)" True
	ending c
	ktap_check "the client breaks off" wait_for 20 grep -q 'client' "$scratch/endings.log"
}

# Packets that make no sense, straight into the device
cat >"$scratch/nonsense.py" <<'END'
import os, random, socket, struct

s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
random.seed(1)
for i in range(3000):
    six = i % 4 == 0
    proto = random.choice([1, 6, 6, 17, 17, 58, 44, 0, 60, 255])
    body = bytearray(os.urandom(random.randrange(120)))
    if len(body) > 20 and random.random() < 0.5:
        body[12] = random.choice([0x50, 0x60, 0xf0, 0x00])
    if six:
        packet = struct.pack("!IHBB", 6 << 28, random.choice([len(body), 0, 65535]), proto, 64)
        packet += socket.inet_pton(socket.AF_INET6, random.choice(["fd00:7::1", "::", "ff02::1", "2001:db8:1::9"]))
        packet += socket.inet_pton(socket.AF_INET6, random.choice(["2001:db8:1::80", "ff02::2", "fe80::1", "::1"]))
    else:
        packet = struct.pack("!BBHHHBBH", random.choice([0x45, 0x45, 0x4f, 0x40]), 0,
                             random.choice([20 + len(body), 0, 65535]), i, random.choice([0, 0, 0x2000, 0x2003, 0x1fff]),
                             64, proto, 0)
        packet += socket.inet_aton(random.choice(["10.7.0.1", "0.0.0.0", "255.255.255.255", "10.7.0.9"]))
        packet += socket.inet_aton(random.choice(["203.0.113.80", "224.0.0.1", "127.0.0.1", "255.255.255.255"]))
        # half of them with a sum that is right
        if i % 2:
            total = sum(struct.unpack("!10H", packet))
            total = (total & 0xffff) + (total >> 16)
            total = (total & 0xffff) + (total >> 16)
            packet = packet[:10] + struct.pack("!H", ~total & 0xffff) + packet[12:]
    packet += bytes(body)
    try:
        s.sendto(packet, ("t0", 0x86dd if six else 0x800))
    except OSError:
        pass
END
nonsense() {
	ip netns exec A timeout 60 python3 "$scratch/nonsense.py"
	ktap_check "after packets that make no sense: a page" gets "http://$web/page"
}

# carries_all WHAT: what every gate carries
carries_all() {
	ktap_check "$1: a page" gets "http://$web/page"
	if has_address A fd00:7::1; then
		ktap_check "$1: a page, over IPv6" gets "http://$web6/page"
	else
		ktap_skip "the kernel has no IPv6" "$1: a page, over IPv6"
	fi
	ktap_check "$1: a large file arrives whole" gets "http://$web/big"
	ktap_check "$1: a file goes out whole" goes_out
	ktap_check "$1: pings are answered here" ip netns exec A ping -c 3 -i 0.2 -W 5 $net4.99
	# the system's own view: no program rights left
	ktap_is "$1: no user, no capability, nothing to be gained" \
		"$(awk '/^(Uid|CapEff|CapPrm|NoNewPrivs)/ { print $2 }' "/proc/$gate/status" | paste -sd' ')" \
		"$(id -u nobody) 0000000000000000 0000000000000000 1"
}
