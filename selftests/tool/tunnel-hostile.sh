#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# tunx tunnel with somebody in between who alters packets, repeats them and makes
# some up: each is counted for what it is, and none gets through. Then the way of
# the connecting side changes, and the listening side follows.
#
#	A, listens at 6000 <-- port 7000, a relay in A <-- B, connects to 7000
#
# Once: it is about the program, to which both drivers are the same
# Timeout: 200 s: many short processes

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
need ping python3

# To A goes each data message, then again with one bit changed, then as it was once
# more, then noise. Prints how many of each when it ends.
cat >"$scratch/relay.py" <<'END'
import os, random, select, signal, socket, sys

hostile = sys.argv[1] == "hostile"
front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
front.bind(("10.9.0.1", 7000))
back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
back.connect(("10.9.0.1", 6000))
client, altered, done = None, 0, []
signal.signal(signal.SIGTERM, lambda *_: done.append(1))
print("relays", flush=True)
while not done:
    for ready in select.select([front, back], [], [], 0.2)[0]:
        try:
            if ready is back:
                data = back.recv(65536)
                if client:
                    front.sendto(data, client)
                continue
            data, client = front.recvfrom(65536)
            back.send(data)
            if not hostile or data[0] != 3:
                continue
            bad = bytearray(data)
            # behind the head: that tells which keys, and is tried in the unit test
            bad[random.randrange(8, len(bad))] ^= 1 << random.randrange(8)
            back.send(bad)
            back.send(data)
            back.send(b"\xff" + os.urandom(random.randrange(200)))
            altered += 1
        except ConnectionRefusedError:
            pass
print("altered", altered, flush=True)
END

relay() {
	ip netns exec A python3 "$scratch/relay.py" "$1" >"$scratch/relay" 2>&1 &
	relay=$!
	wait_for 20 grep -q relays "$scratch/relay"
}

relay hostile
side A --up --address 10.8.0.1/24 --listen 10.9.0.1:6000 --key "$scratch/psk"
side B --up --address 10.8.0.2/24 --connect 10.9.0.1:7000 --key "$scratch/psk" --keepalive 1
ktap_check "they find each other through the relay" wait_for 20 both_answer
ktap_check "ping from A to B: each answer once" pings A 10.8.0.2
ktap_check "ping from B to A: each request once" pings B 10.8.0.1 -s 1000
kill $relay
ends "the relay ends" $relay
altered=$(awk '/^altered/ { print $2 }' "$scratch/relay")
ktap_check "it altered packets ($altered)" test "$altered" -ge 40
ktap_is "altered ones are forged" "$(counter A forged)" "$altered"
ktap_is "repeated ones are counted" "$(counter A replayed)" "$altered"
ktap_is "noise is counted" "$(counter A garbage)" "$altered"
ktap_is "the device refused nothing" "$(counter A 'in refused')" 0
echo "# measured: messages altered, repeated and made up: $((3 * altered)) messages"

# another relay has another port
relay friendly
# shellcheck disable=SC2317 # called by wait_for
roamed() {
	(($(counter A roamed) >= 1))
}
ktap_check "the listening side follows" wait_for 20 roamed
ktap_check "ping from A to B" pings A 10.8.0.2

# noise straight at both, of every first byte
ip netns exec A python3 - <<'END'
import os, random, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(5000):
    s.sendto(bytes([i % 256, i // 256 % 3, 0, 0])[:random.randrange(5)] + os.urandom(random.choice([0, 16, 72, 76, 1400])), ("10.9.0.1", 6000))
END
ktap_check "after noise: ping from B to A" pings B 10.8.0.1
kill $relay
ends "the relay ends" $relay
ends_tunnel "hostile"
ktap_end
