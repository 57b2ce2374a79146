#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The library as make install leaves it, and the programs of its manual pages:
# compiled as C, and one as C++ and one with the static library, and run.
#
# Timeout: 180 s: a compiler, six times

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"

ktap_begin
tools=$dir/../tools
if ! have make || ! have cc || ! have pkg-config || [[ ! -e $tools/lib/libtunx.a ]]; then
	ktap_skip "no make, cc, pkg-config or tools/lib/libtunx.a; make tools builds it" "the library"
	ktap_end
fi
node_as_tun
# The programs take tunx if it is there
[[ $TUNX_NODE == /dev/net/tunx || ! -e /dev/net/tunx ]] || mount --bind "$TUNX_NODE" /dev/net/tunx
way=ring
[[ $TUNX_FLAVOUR == tunx ]] || way=plain

root=$scratch/root
ktap_check "make install-lib" make -C "$tools" -o lib install-lib DESTDIR="$root" PREFIX=/usr
export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root LD_LIBRARY_PATH=$root/usr/lib
ktap_is "pkg-config" "$(pkg-config --cflags --libs libtunx | xargs)" \
	"-I$root/usr/include -L$root/usr/lib -ltunx"
manuals() {
	local name

	while read -r name; do
		[[ -s $root/usr/share/man/man3/$name.3 ]] || echo "$name"
	done < <(grep -oE 'tunx_[a-z_]+' "$tools/lib/libtunx.map")
}
ktap_is "each function has its page" "$(manuals)" ""

# program PAGE: the complete program in it
program() {
	awk '
		/^\.Bd -literal/ { text = ""; inside = 1; next }
		/^\.Ed/ { if (text ~ /int main/) printf "%s", text; inside = 0 }
		inside { gsub(/\\e/, "\\"); text = text $0 "\n" }
	' "$root/usr/share/man/man${1##*.}/$1"
}

pages=(libtunx.7 tunx_open.3 tunx_recv.3 tunx_reserve.3)
words=(-Wall -Wextra -Werror -O2)
read -ra cflags < <(pkg-config --cflags libtunx)
read -ra libs < <(pkg-config --libs libtunx)
for page in "${pages[@]}"; do
	name=${page%.*}
	program "$page" >"$scratch/$name.c"
	ktap_check "$page: C" cc "${words[@]}" "${cflags[@]}" "$scratch/$name.c" "${libs[@]}" -o "$scratch/$name"
done
ktap_check "tunx_open.3: the static library" cc "${words[@]}" "${cflags[@]}" "$scratch/tunx_open.c" \
	"$root/usr/lib/libtunx.a" -o "$scratch/static"
if have c++; then
	ktap_check "libtunx.7: C++" c++ "${words[@]}" -x c++ "${cflags[@]}" "$scratch/libtunx.c" "${libs[@]}" -o "$scratch/c++"
else
	ktap_skip "there is no c++; Debian has it in g++" "libtunx.7: C++"
fi
ktap_is "the library's name in a program" \
	"$(readelf -d "$scratch/libtunx" | grep -o 'libtunx.so[.0-9]*')" libtunx.so.0

exists() {
	ip link show dev "$1"
}
packets() {
	ip -s link show dev "$1" | awk '/RX:/ { getline; print $2 }'
}

ktap_is "tunx_open.3: it says the way" "$("$scratch/tunx_open" 2>&1)" "four0: 4 queues, $way"
ktap_is "tunx_open.3: the static library, too" "$("$scratch/static" 2>&1)" "four0: 4 queues, $way"

for program in libtunx c++; do
	[[ -e $scratch/$program ]] || continue
	"$scratch/$program" 2>"$scratch/ping" &
	ktap_check "libtunx.7: $program: the device is there" wait_for 10 exists ping0
	ip addr add 10.9.0.1/24 dev ping0
	ip link set ping0 up
	ktap_check "libtunx.7: $program: answers ping" wait_for 10 ping -c 1 -W 2 10.9.0.2
	ktap_check "libtunx.7: $program: five times" ping -i 0.2 -c 5 -W 5 10.9.0.2
	ktap_check "libtunx.7: $program: large" ping -c 1 -s 1400 -W 5 10.9.0.2
	ip link del ping0
	wait $! || true
	ktap_is "libtunx.7: $program: says that the device is gone" "$(<"$scratch/ping")" \
		"ping0: File descriptor in bad state"
done

"$scratch/tunx_recv" >"$scratch/ten" 2>&1 &
ktap_check "tunx_recv.3: the device is there" wait_for 10 exists ten0
ip addr add 10.8.0.1/24 dev ten0
ip link set ten0 up
ping -q -i 0.2 -c 15 -W 1 10.8.0.2 >/dev/null 2>&1 || true
wait $! || echo "exit status $?" >>"$scratch/ten"
ktap_is "tunx_recv.3: ten packets" "$(sort "$scratch/ten" | uniq -c | xargs)" \
	"10 84 bytes, the first is 0x45"

ip tuntap add thousand0 mode tap
ip link set thousand0 up
ktap_is "tunx_reserve.3: a thousand frames" "$("$scratch/tunx_reserve" 2>&1)" \
	"1000 sent, 0 of them refused"
ktap_is "tunx_reserve.3: the stack has them" "$(packets thousand0)" 1000
ip tuntap del thousand0 mode tap
ktap_end
