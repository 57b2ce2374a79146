# SPDX-License-Identifier: GPL-2.0
#
# Name each struct, union and enum definition and each definition of a non-static function that has no kernel-doc comment
# before it. Kernel style makes this easy: definitions start in the first column, bodies open with a brace there.

function undocumented(what, name) {
	if (!documented)
		printf "%s:%d: %s %s has no kernel-doc comment\n", FILENAME, start, what, name
}

FNR == 1 {
	head = ""
	documented = 0
}

# A comment counts for the definition that follows it directly
/^\/\*/ {
	pending = /^\/\*\*( |$)/ && !/\*\*.*DOC:/
	in_comment = 1
}
in_comment {
	if (/\*\//)
		in_comment = 0
	if (/^ \* DOC:/)
		pending = 0
	head = ""
	next
}

/^(struct|union|enum) [a-z0-9_]+ *{/ {
	documented = pending
	start = FNR
	undocumented($1, $2)
}

# The head of a function: from a line that names it in the first column to the brace that opens its body
/^[a-z_].*\(/ && !/^(static|typedef|extern)/ && !/;$/ && head == "" {
	head = $0
	start = FNR
	documented = pending
}
/^{/ && head != "" {
	name = head
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	undocumented("function", name)
	head = ""
}
/;$/ {
	head = ""
}
!/^$/ {
	pending = 0
}
