#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU with a tap: the guest, this machine's own kernel with a busybox, pings us,
# fetches a file and sends it back. First QEMU carries the frames, then vhost_net,
# to which only a module named tun exports its sockets: stock, or the drop-in.
# Timeout: 500 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need qemu-system-x86_64 busybox cpio tcpdump
kernel=/boot/vmlinuz-$(uname -r)
if [[ ! -e $kernel ]]; then
	ktap_skip "needs the running kernel as $kernel" "a guest"
	ktap_end
fi

# number OFFSET BYTES: a number of the kernel's boot header
number() {
	od -An -t "u$2" -j $(($1)) -N "$2" "$kernel" | tr -d ' '
}

# The kernel unpacked, which takes the guest, emulated as it is, half its boot. Its
# place is told by setup_sects, payload_offset and payload_length.
unpack_kernel() {
	local start=$((($(number 0x1f1 1) + 1) * 512 + $(number 0x248 4))) magic
	local size=$(($(number 0x24c 4) - 4))

	magic=$(od -An -t x1 -j "$start" -N 2 "$kernel" | tr -d ' ')
	case $magic in
	fd37) unpack=(xz -dc) ;;
	28b5) unpack=(zstd -dc) ;;
	esac
	head -c "$((start + size))" "$kernel" | tail -c "$size" | "${unpack[@]}" >"$scratch/vmlinux"
}
make_pair

guest_init() {
	cat <<-'END'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mount -t devtmpfs none /dev
		mount -t proc none /proc
		for module in /modules/*; do insmod $module; done
		ifconfig lo up
		ifconfig eth0 10.12.0.2 netmask 255.255.255.0 up
		ping -c 3 -W 5 10.12.0.1 && echo guest: pinged
		nc 10.12.0.1 7001 </dev/null >/file && nc 10.12.0.1 7002 </file && echo guest: sent
		# Until the other side has looked around.
		nc 10.12.0.1 7003 </dev/null
		echo o >/proc/sysrq-trigger
		sleep 60
	END
}

make_guest() {
	local tree=$scratch/guest number=100 file name

	mkdir -p "$tree"/{bin,dev,proc,modules}
	cp "$(command -v busybox)" "$tree/bin/"
	guest_init >"$tree/init"
	chmod +x "$tree/init"
	while read -r _ file _; do
		number=$((number + 1)) name=${file##*/}
		case $file in
		*.xz) xz -dc "$file" >"$tree/modules/$number-${name%.xz}" ;;
		*) cp "$file" "$tree/modules/$number-$name" ;;
		esac
	done < <(modprobe --show-depends --all virtio_pci virtio_net | grep ^insmod | awk '!seen[$0]++')
	(cd "$tree" && find . | cpio --quiet --create --format=newc) >"$scratch/initramfs"
}

statistic() {
	in_A cat "/sys/class/net/q0/statistics/$1"
}

# What QEMU itself read and wrote, of which the file is a small part with vhost.
moved_by_qemu() {
	awk '/^[rw]char/ { sum += $2 } END { print sum }' /proc/"$(pgrep -o qemu-system)"/io
}

# tcpdump at the tap ends with the first frame that no wire would carry.
watch_for_large() {
	in_A timeout 300 tcpdump -n -i q0 -c 1 -s 64 "greater 3000 and src host $1" \
		>"$scratch/large.$2.log" 2>&1 &
	wait_for 10 grep -q 'listening on' "$scratch/large.$2.log"
}

# shellcheck disable=SC2317 # called by wait_for
{
	seen_large() {
		grep -q '^1 packet captured' "$scratch/large.$1.log"
	}
	guest_said() {
		grep -q "guest: $1" "$scratch/qemu.log"
	}
}

guest_runs() {
	local vhost=$1

	in_A ip tuntap add dev q0 mode tap vnet_hdr
	ip -n A addr add 10.12.0.1/24 dev q0
	ip -n A link set q0 up
	watch_for_large 10.12.0.1 in
	watch_for_large 10.12.0.2 out
	rm -f "$scratch/back"
	limit=200 start serve A socat -u "FILE:$scratch/file" TCP-LISTEN:7001
	limit=200 start take A socat -u TCP-LISTEN:7002 "CREATE:$scratch/back"
	limit=200 start hold A socat -u "EXEC:sleep 100" TCP-LISTEN:7003
	begin=$SECONDS
	limit=200 start qemu A qemu-system-x86_64 -M pc,hpet=off -accel tcg -cpu qemu64 -m 192 -nodefaults -display none -no-reboot \
		-kernel "$scratch/vmlinux" -initrd "$scratch/initramfs" -serial stdio \
		-append "console=ttyS0 panic=-1 $lean" \
		-netdev "tap,id=n0,ifname=q0,script=no,downscript=no,$vhost" \
		-device virtio-net-pci,netdev=n0,romfile=
	ktap_check "$vhost: the guest pings us" wait_for 180 guest_said pinged
	echo "# after $((SECONDS - begin)) s"
	ktap_check "$vhost: it fetches a file and sends it back" wait_for 30 guest_said sent
	echo "# after $((SECONDS - begin)) s"
	ktap_check "$vhost: the file is whole" cmp "$scratch/file" "$scratch/back"
	ktap_check "$vhost: large frames go in" wait_for 5 seen_large in
	ktap_check "$vhost: large frames come out" wait_for 5 seen_large out
	echo "# $(moved_by_qemu)"
	sed 's/^/# /' "$scratch/qemu.log"
	stop "$vhost"
	in_A ip tuntap del dev q0 mode tap
}

lean="mitigations=off tsc=reliable rodata=off lsm= apparmor=0 audit=0 ipv6.disable=1 no_timer_check "
lean+="lpj=4000000 init_on_alloc=0 cryptomgr.notests nosmp nokaslr"
unpack_kernel
make_guest
head -c 4M /dev/urandom >"$scratch/file"
guest_runs vhost=off
if [[ $kind == tun ]]; then
	modprobe vhost_net || dmesg | tail
	guest_runs vhost=on
	modprobe -r vhost_net
fi
clients_end
