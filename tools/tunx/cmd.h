/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands: one file each, listed in main.c. Return the exit code. */
#ifndef TUNX_TOOL_CMD_H
#define TUNX_TOOL_CMD_H

int cmd_add(int argc, char **argv);
int cmd_del(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_chr(int argc, char **argv);
int cmd_net(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_echo(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_bridge(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_hash(int argc, char **argv);
int cmd_tunnel(int argc, char **argv);
int cmd_socks(int argc, char **argv);
int cmd_http(int argc, char **argv);

#endif
