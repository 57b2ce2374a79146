#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU with a tap. Its guest is the boot ROM of the network card, which asks DHCP for
# its address and HTTP for a file: a kernel takes minutes in an emulator within an
# emulator. On the drop-in build vhost_net carries the frames.
# Timeout: 240 s

set -euo pipefail
dir=$(dirname "$0")
[[ -e $dir/lib.sh ]] || dir=$dir/..
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$dir/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../clients.sh
. "$dir/clients.sh"

ktap_begin
need qemu-system-x86_64 busybox
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

# shellcheck disable=SC2317 # called by wait_for and ktap_check
{
	said() {
		grep -q "$2" "$scratch/$1.log"
	}
	interface_counted() {
		(($(in_A cat /sys/class/net/q0/statistics/tx_bytes) > size))
	}
	queue_counted() {
		(($(in_A ethtool -S q0 | awk '$1 == "queue_0_tx_bytes:" { print $2 }') > size))
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

in_A ip tuntap add dev q0 mode tap vnet_hdr
ip -n A addr add 10.12.0.1/24 dev q0
ip -n A link set q0 up
# A persistent interface is a reference of its own.
refs=$(module_refs)
printf '%s\n' '#!ipxe' 'imgfetch http://10.12.0.1/file' 'imgfetch http://10.12.0.1/done' \
	>"$www/boot.ipxe"
printf '%s\n' 'start 10.12.0.2' 'end 10.12.0.2' 'max_leases 1' 'interface q0' "lease_file $scratch/leases" \
	"pidfile $scratch/pid" 'boot_file http://10.12.0.1/boot.ipxe' 'option subnet 255.255.255.0' \
	>"$scratch/udhcpd.conf"
touch "$scratch/leases"
limit=200 start udhcpd A busybox udhcpd -f -S "$scratch/udhcpd.conf"
limit=200 start httpd A busybox httpd -f -vv -p 10.12.0.1:80 -h "$www"
limit=200 start qemu A qemu-system-x86_64 -accel tcg -cpu qemu64 -m 64 -nodefaults -display none \
	-no-reboot -boot n -netdev "tap,id=n0,ifname=q0,script=no,downscript=no,$vhost" \
	-device virtio-net-pci,netdev=n0
ktap_check "$vhost: the boot ROM gets an address" wait_for 120 said udhcpd 'sending ACK to 10.12.0.2'
ktap_check "it fetches a file" wait_for 60 said httpd 'url:/done'
ktap_check "the interface's counters show it" interface_counted
if [[ $vhost == vhost=on ]]; then
	ktap_check "so do the queue's" queue_counted
	ktap_check "vhost_net carried it, not QEMU" vhost_carries
else
	ktap_check "QEMU carried it" qemu_carries
fi
stop QEMU
in_A ip tuntap del dev q0 mode tap
# Not modprobe --remove, which would take the driver along.
[[ $vhost == vhost=off ]] || ktap_check "rmmod vhost_net" rmmod vhost_net
clients_end
