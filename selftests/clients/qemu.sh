#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU with a tap. Its guest is the boot ROM of the network card, which asks DHCP for
# its address and HTTP for a file. On the drop-in build vhost_net carries the frames,
# and a second guest runs this machine's own kernel, with segmentation offloads:
# pings, fetches a file and sends it back. An emulator within an emulator, it takes
# minutes, therefore nowhere else.
# Timeout: 480 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need qemu-system-x86_64 busybox cpio xz zstd
vhost=vhost=off
if [[ $TUNX_FLAVOUR == tunx && $kind == tun ]]; then
	vhost=vhost=on
	ktap_check "modprobe vhost_net" modprobe vhost_net
	ktap_check "it has taken our exports" grep -q '^tun .*[ ,]vhost_net,' /proc/modules
fi
make_pair
size=$((4 << 20))
www=$scratch/www
mkdir "$www"
head -c $size /dev/urandom >"$www/file"

# boot NAME OPTION...: QEMU, with q0 for its card
boot() {
	local name=$1

	shift
	limit=300 start "$name" A qemu-system-x86_64 -accel tcg -cpu qemu64 -nodefaults -display none \
		-no-reboot -netdev "tap,id=n0,ifname=q0,script=no,downscript=no,$vhost" \
		-device virtio-net-pci,netdev=n0 "$@"
}

make_tap() {
	in_A ip tuntap add dev q0 mode tap vnet_hdr
	ip -n A addr add 10.12.0.1/24 dev q0
	ip -n A link set q0 up
}

# shellcheck disable=SC2317 # called by wait_for and by ktap_check
{
	said() {
		grep -q "$2" "$scratch/$1.log"
	}
	counted() {
		local counter

		for counter; do
			(($(in_A cat "/sys/class/net/q0/statistics/$counter") > size)) || return
		done
	}
	# queue_has COUNTER LIMIT: of ours, by queue
	queue_has() {
		local value

		value=$(in_A ethtool -S q0 | awk -v "name=queue_0_$1:" '$1 == name { print $2 }')
		echo "$1 is $value"
		((value > $2))
	}
	# What QEMU itself read and wrote: its own files, and without vhost_net each frame.
	qemu_moved() {
		awk '/^[rw]char/ { sum += $2 } END { print sum }' "/proc/$(pgrep -o qemu-system)/io"
	}
	qemu_carries() {
		(($(qemu_moved) > size))
	}
	vhost_carries() {
		(($(qemu_moved) < size / 2))
	}
}

carried_by_whom() {
	if [[ $vhost == vhost=on ]]; then
		ktap_check "$1: vhost_net carried it, not QEMU" vhost_carries
		ktap_check "$1: the queue's counters show it" queue_has tx_bytes $size
	else
		ktap_check "$1: QEMU carried it" qemu_carries
	fi
}

rom_guest() {
	make_tap
	printf '%s\n' '#!ipxe' 'imgfetch http://10.12.0.1/file' 'imgfetch http://10.12.0.1/done' \
		>"$www/boot.ipxe"
	printf '%s\n' 'start 10.12.0.2' 'end 10.12.0.2' 'max_leases 1' 'interface q0' "lease_file $scratch/leases" \
		"pidfile $scratch/pid" 'boot_file http://10.12.0.1/boot.ipxe' 'option subnet 255.255.255.0' \
		>"$scratch/udhcpd.conf"
	touch "$scratch/leases"
	limit=300 start udhcpd A busybox udhcpd -f -S "$scratch/udhcpd.conf"
	limit=300 start httpd A busybox httpd -f -vv -p 10.12.0.1:80 -h "$www"
	boot rom -m 64 -boot n
	ktap_check "boot ROM, $vhost: DHCP" wait_for 120 said udhcpd 'sending ACK to 10.12.0.2'
	ktap_check "boot ROM: it fetches a file" wait_for 60 said httpd 'url:/done'
	ktap_check "boot ROM: the interface's counters show it" counted tx_bytes
	carried_by_whom "boot ROM"
	stop "boot ROM"
	in_A ip tuntap del dev q0 mode tap
}

# number OFFSET BYTES: a number of the kernel's boot header
number() {
	od -An -t "u$2" -j $(($1)) -N "$2" "$kernel" | tr -d ' '
}

# The kernel unpacked, which takes the guest, emulated as it is, half its boot. Its
# place is told by setup_sects, payload_offset and payload_length.
unpack_kernel() {
	local start=$((($(number 0x1f1 1) + 1) * 512 + $(number 0x248 4)))
	local end=$((start + $(number 0x24c 4) - 4)) unpack=zstd

	[[ $(number $start 2) != $((0x37fd)) ]] || unpack=xz
	head -c $end "$kernel" | tail -c "+$((start + 1))" | $unpack -dc >"$scratch/vmlinux"
}

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
		sleep 300
	END
}

make_initramfs() {
	local tree=$scratch/guest number=100 file name

	mkdir -p "$tree"/{bin,dev,proc,modules}
	cp "$(command -v busybox)" "$tree/bin/"
	guest_init >"$tree/init"
	chmod +x "$tree/init"
	while read -r file; do
		number=$((number + 1)) name=${file##*/}
		case $file in
		*.xz) xz -dc "$file" >"$tree/modules/$number-${name%.xz}" ;;
		*) cp "$file" "$tree/modules/$number-$name" ;;
		esac
	done < <(modprobe --show-depends --all virtio_pci virtio_net |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
	(cd "$tree" && find . | cpio --quiet --create --format=newc) >"$scratch/initramfs"
}

linux_guest() {
	# What a guest need not do to show what it is to show.
	local lean="mitigations=off tsc=reliable rodata=off lsm= apparmor=0 audit=0 ipv6.disable=1"

	lean+=" no_timer_check lpj=4000000 init_on_alloc=0 cryptomgr.notests nosmp nokaslr"
	unpack_kernel
	make_initramfs
	make_tap
	limit=400 start serve A socat -u "FILE:$www/file" TCP-LISTEN:7001
	limit=400 start take A socat -u TCP-LISTEN:7002 "CREATE:$scratch/back"
	boot linux -M pc,hpet=off -m 192 -kernel "$scratch/vmlinux" -initrd "$scratch/initramfs" \
		-serial stdio -append "console=ttyS0 quiet panic=-1 $lean"
	ktap_check "Linux, $vhost: ping" wait_for 290 said linux 'guest: pinged'
	ktap_check "Linux: it fetches a file and sends it back" wait_for 60 said linux 'guest: sent'
	ktap_check "Linux: the file is whole" cmp "$www/file" "$scratch/back"
	ktap_check "Linux: the interface's counters show it" counted tx_bytes rx_bytes
	carried_by_whom Linux
	ktap_check "Linux: large frames go to it" queue_has tx_gso 0
	ktap_check "Linux: large frames come from it" queue_has rx_gso 0
	stop Linux
	in_A ip tuntap del dev q0 mode tap
}

rom_guest
kernel=/boot/vmlinuz-$(uname -r)
if [[ $vhost == vhost=off ]]; then
	ktap_skip "takes minutes; on the drop-in build it runs, see selftests/dropin" "Linux"
elif [[ ! -e $kernel ]]; then
	ktap_skip "needs the running kernel as $kernel" "Linux"
else
	linux_guest
fi
if [[ $vhost == vhost=on ]]; then
	ktap_check "modprobe -r vhost_net" modprobe --remove vhost_net
fi
clients_end
