#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# make install puts files where DESTDIR and PREFIX say; what those of the program hold
# works. The library's are tried by lib/examples.sh.
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
if ! have make; then
	ktap_skip "there is no make" "make install"
	ktap_end
fi
# the program is built already
ktap_check "make install" make -C "$dir/../tools" -o all install DESTDIR="$scratch/root" PREFIX=/usr
ktap_is "the files" "$(cd "$scratch/root" && find . -type f ! -name '*libtunx*' ! -name 'tunx*.[3h]' | sort | paste -sd' ')" \
	"./usr/lib/systemd/system/tunx-tunnel@.service ./usr/lib/udev/rules.d/60-tunx.rules ./usr/sbin/tunx ./usr/share/bash-completion/completions/tunx ./usr/share/man/man8/tunx-socks.8 ./usr/share/man/man8/tunx-tunnel.8 ./usr/share/man/man8/tunx.8 ./usr/share/tunx/drops.bt ./usr/share/tunx/latency.bt ./usr/share/tunx/wakeups.bt"
installed=$scratch/root/usr/sbin/tunx
ktap_check "it tells its version" grep -qE '^tunx [0-9]+\.[0-9]+\.[0-9]+$' <("$installed" --version)

# shellcheck disable=SC1091 # just installed
. "$scratch/root/usr/share/bash-completion/completions/tunx"
complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_tunx "$installed" "${*: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
	echo "${COMPREPLY[*]}"
}
tunx add comp0 mode tun >/dev/null
ktap_is "complete a command" "$(complete_words tunx rep)" replay
ktap_is "complete an option" "$(complete_words tunx show --in)" --interval
ktap_is "complete a device" "$(complete_words tunx set com)" comp0
ktap_is "complete a word" "$(complete_words tunx set comp0 txq)" txqueuelen
ktap_is "complete a call" "$(complete_words tunx chr TUNGETF)" "TUNGETFEATURES TUNGETFILTER"
# every command's --help names it and works without rights
for command in $(complete_words tunx ""); do
	ktap_check "tunx $command --help" grep -q "^Usage: tunx $command" <(as_nobody "$tool" "$command" --help)
done
wrong 2 'unknown command' "$tool" fly
ktap_end
