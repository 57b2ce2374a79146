# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# KTAP output for shell tests; the same words as ktap.h:
#
#	ktap_begin
#	ktap_check "what must hold" command args...
#	ktap_is "two texts are equal" "$got" "$want"
#	ktap_skip "the reason" "what was not tried"
#	ktap_end			(exits)

ktap_lines=0
ktap_failed=0
ktap_skipped=0

ktap_begin() {
	echo "KTAP version 1"
}

ktap_pass() {
	ktap_lines=$((ktap_lines + 1))
	echo "ok $ktap_lines - $1"
}

ktap_fail() {
	ktap_lines=$((ktap_lines + 1))
	ktap_failed=$((ktap_failed + 1))
	echo "not ok $ktap_lines - $1"
}

ktap_skip() {
	ktap_lines=$((ktap_lines + 1))
	ktap_skipped=$((ktap_skipped + 1))
	echo "ok $ktap_lines - $2 # SKIP $1"
}

# The command's output becomes diagnostics when it fails.
ktap_check() {
	local what=$1 out

	shift
	if out=$("$@" 2>&1); then
		ktap_pass "$what"
	else
		ktap_fail "$what"
		printf '# %s\n' "failed: $*"
		[[ -z $out ]] || printf '%s\n' "$out" | sed 's/^/# /'
	fi
}

ktap_check_not() {
	local what=$1

	shift
	if "$@" >/dev/null 2>&1; then
		ktap_fail "$what"
		printf '# %s\n' "worked, and must not: $*"
	else
		ktap_pass "$what"
	fi
}

ktap_is() {
	if [[ $2 == "$3" ]]; then
		ktap_pass "$1"
	else
		ktap_fail "$1"
		printf '%s\n' "$2" | sed 's/^/# got:  /'
		printf '%s\n' "$3" | sed 's/^/# want: /'
	fi
}

ktap_end() {
	echo "1..$ktap_lines"
	((ktap_failed == 0)) || exit 1
	((ktap_lines == 0 || ktap_lines > ktap_skipped)) || exit 4
	exit 0
}
