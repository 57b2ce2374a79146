# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of the program tunx share; comes after lib.sh, which sets $dir.

# shellcheck disable=SC2154 # dir is the test's
tool=$dir/../tools/tunx/tunx

# The test ends here where the program was not built.
tool_present() {
	[[ -x $tool ]] && return
	ktap_skip "no tools/tunx/tunx; make tools builds it" "the program"
	ktap_end
}

# tunx COMMAND ARGUMENT...: on the node under test; the net half needs none
tunx() {
	local command=$1

	shift
	if [[ $command == net ]]; then
		"$tool" net "$@"
		return
	fi
	"$tool" "$command" --node "$TUNX_NODE" "$@"
}

# As somebody without rights
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
}

# field KEY COMMAND...: the value of the first KEY in the JSON that COMMAND prints
field() {
	local key=$1

	shift
	"$@" | grep -oE "\"$key\":(\[[^]]*\]|[^],}]*)" | head -n 1 | cut -d: -f2- | tr -d '"'
}

# names COMMAND...: the devices in the JSON that COMMAND prints
names() {
	"$@" | grep -oE '"ifname":"[^"]*"' | cut -d'"' -f4 | paste -sd' '
}

# wrong CODE WORDS COMMAND...: it ends with that exit code, and says WORDS
wrong() {
	local code=$1 words=$2 status=0

	shift 2
	"$@" >"$scratch/wrong" 2>&1 || status=$?
	if [[ $status == "$code" ]] && grep -q -- "$words" "$scratch/wrong"; then
		ktap_pass "exit code $code, '$words': ${*/#$tool/tunx}"
	else
		ktap_fail "exit code $code, '$words': ${*/#$tool/tunx}"
		sed "s/^/# exit code $status: /" "$scratch/wrong"
	fi
}

# ends WHAT PID: that child ends with exit code 0
ends() {
	local status=0

	wait "$2" || status=$?
	ktap_is "$1" "exit code $status" "exit code 0"
}
