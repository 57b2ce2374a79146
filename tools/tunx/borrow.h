/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of other processes. Many calls need an attached file, and attaching
 * makes a queue, which would change where packets go; so the file of a process
 * that holds the device is borrowed, which takes the right to trace it.
 */
#ifndef TUNX_TOOL_BORROW_H
#define TUNX_TOOL_BORROW_H

#include <stddef.h>

/** borrow_file - a file of a process that has @name attached; -1 when there is none */
int borrow_file(const char *name);

/** borrow_files - all of them, each once; how many are in *@fds, to be freed */
size_t borrow_files(const char *name, int **fds);

/**
 * file_of - a file that has the device @name attached
 *
 * A borrowed one, else our own. Ends the program when there is no such device
 * or it cannot be attached.
 */
int file_of(const char *name, const char *node);

#endif
