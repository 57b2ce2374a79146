# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the checks share: which files there are, how to report, and where the kernels' headers and tools are.

top=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
cd "$top" || exit 1

die() {
	echo "check: $*" >&2
	exit 1
}

# files [PATHSPEC...]: the project's files, tracked or new, that exist
files() {
	git ls-files -co --exclude-standard --deduplicate -- "$@" | while IFS= read -r f; do
		if [[ -f $f ]]; then
			printf '%s\n' "$f"
		fi
	done
}

c_files() {
	files ':(glob)drivers/**/*.[ch]' ':(glob)include/**/*.[ch]' ':(glob)tools/**/*.[ch]' ':(glob)selftests/**/*.[ch]'
}

driver_files() {
	files ':(glob)drivers/**/*.[ch]' ':(glob)include/**/*.[ch]'
}

text_files() {
	files | grep_lines -v '^COPYING$' | tr '\n' '\0' | xargs -0 -r grep -lI '' || [[ $? == 123 ]]
}

# Shell scripts, by name or by their first line
shell_files() {
	files | while IFS= read -r f; do
		if [[ $f == *.sh ]] || { IFS= read -r first <"$f" && [[ $first =~ ^'#!'.*[/\ ](ba|da|k)?sh($|\ ) ]]; } 2>/dev/null; then
			printf '%s\n' "$f"
		fi
	done
}

# grep for use in pipelines: no match is no failure
grep_lines() {
	grep "$@" || [[ $? == 1 ]]
}

# grep_files ARGS...: grep in the files named on stdin, naming file and line
grep_files() {
	grep_lines . | tr '\n' '\0' | xargs -0 -r grep -nH "$@" || [[ $? == 123 ]]
}

# report SUMMARY: with findings on stdin print them and fail, else print the summary
report() {
	local found

	found=$(cat)
	if [[ -n $found ]]; then
		printf '%s\n' "$found"
		return 1
	fi
	echo "$1"
}

# nothing_without WHAT LIST: end the check well when LIST is empty
nothing_without() {
	if [[ -z $2 ]]; then
		echo "nothing to check: no $1"
		exit 0
	fi
}

count() {
	wc -l <<<"$1"
}

# need PACKAGE COMMAND: the command is there, installed if it must be
need() {
	local sudo=()

	if command -v "$2" >/dev/null; then
		return
	fi
	if ((EUID)); then
		sudo=(sudo)
	fi
	echo "installing $1" >&2
	# shellcheck disable=SC2016 # expanded by the inner shell
	if ! "${sudo[@]}" sh -c 'apt-get -qq update; DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install --yes --no-install-recommends "$1"' sh "$1" >&2; then
		die "there is no $2 and 'apt-get install $1' failed: install the package $1 by hand and try again"
	fi
}
