// SPDX-License-Identifier: GPL-2.0
/*
 * reload NAME FILE COUNT: unloads and loads a module COUNT times, without a
 * process for each step. Prints the first error, and how many rounds went well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int complain(const char *what, int round)
{
	printf("# round %d, %s: %s\n", round, what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct stat st;
	void *image;
	int fd, i;

	if (argc != 4) {
		fprintf(stderr, "usage: reload NAME FILE COUNT\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		return complain(argv[2], 0);
	image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		return complain(argv[2], 0);
	for (i = 0; i < atoi(argv[3]); i++) {
		if (syscall(SYS_delete_module, argv[1], O_NONBLOCK))
			return complain("unloading", i);
		if (syscall(SYS_init_module, image, st.st_size, ""))
			return complain("loading", i);
	}
	printf("%d\n", i);
	return 0;
}
