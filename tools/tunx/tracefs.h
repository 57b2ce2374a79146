/* SPDX-License-Identifier: GPL-2.0 */
/* A trace buffer of our own, which disturbs nobody else's. */
#ifndef TUNX_TOOL_TRACEFS_H
#define TUNX_TOOL_TRACEFS_H

#include <stdbool.h>
#include <stddef.h>

/** tracefs_open - make it; ends the program on failure; it goes when the program ends */
void tracefs_open(void);

/** tracefs_write - @text into a file of it; false when the kernel refuses */
bool tracefs_write(const char *file, const char *text);

/** tracefs_has - whether @word is in the list that @file holds */
bool tracefs_has(const char *file, const char *word);

/** tracefs_read - the whole of a file of it, to be freed */
char *tracefs_read(const char *file);

#endif
