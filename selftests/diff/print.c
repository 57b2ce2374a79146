// SPDX-License-Identifier: GPL-2.0
/* From a sequence to a C program, and back. */
#include "diff.h"

static const char *const who_text[] = {
	[USER] = "as_nobody",
	[CHILD] = "in_child",
	[STRANGER] = "in_user_namespace",
};

void print_program(FILE *f, const struct sequence *s, const struct verdict *v, const char *origin)
{
	int i;

	fprintf(f, "/*\n * %s\n", origin);
	if (v && v->at >= 0) {
		fprintf(f, " * The last operation, %s:\n", v->key);
		fprintf(f, " *\tstock\t%s\n *\ttunx\t%s\n", v->stock, v->tunx);
	}
	fprintf(f, " *\n * cc -I selftests/diff repro.c -o repro\n");
	fprintf(f, " * ./repro /dev/net/tun; ./repro /dev/net/tunx\n");
	fprintf(f, " * or, as the fuzzer does it: selftests/diff/fuzz --replay repro.c\n */\n");
	fprintf(f,
		"#include \"repro.h\"\n\nint main(int argc, char **argv)\n{\n\tbegin(argc, argv);\n");
	for (i = 0; i < s->n; i++) {
		const struct op *op = &s->op[i];

		fprintf(f, "\t/* op: %s %d %d %d %ld %ld %ld %ld */\n", kind_of(op)->name, op->fd,
			op->dev, op->who, op->a, op->b, op->c, op->d);
		fprintf(f, "\tTRY%s%s(", op->who ? "_" : "", op->who ? who_text[op->who] : "");
		kind_of(op)->print(f, op);
		fprintf(f, ");\n");
	}
	fprintf(f, "\treturn 0;\n}\n");
}

static bool read_op(const char *text, struct op *op)
{
	char name[16];
	int n;

	n = sscanf(text, "%15s %d %d %d %ld %ld %ld %ld", name, &op->fd, &op->dev, &op->who,
		   &op->a, &op->b, &op->c, &op->d);
	if (n != 8 || op->fd < 0 || op->fd >= FDS || op->dev < 0 || op->dev >= all_names)
		return false;
	for (op->kind = 0; kind_of(op); op->kind++)
		if (op_is(op, name))
			return true;
	return false;
}

bool read_program(const char *path, struct sequence *s)
{
	FILE *f = fopen(path, "r");
	static char line[4096];
	char *p;

	if (!f)
		return false;
	s->n = 0;
	while (fgets(line, sizeof(line), f)) {
		p = strstr(line, "/* op: ");
		if (p && s->n < MAX_OPS && read_op(p + strlen("/* op: "), &s->op[s->n]))
			s->n++;
	}
	fclose(f);
	return s->n;
}
