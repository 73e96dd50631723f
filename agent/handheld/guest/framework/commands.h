/* SPDX-License-Identifier: Apache-2.0 */
/* The commands system_server answers; each returns its exit status, or REPLY_LATER. */
#ifndef RECLAIM_COMMANDS_H
#define RECLAIM_COMMANDS_H

#include "server.h"

typedef int command_function(struct conn *conn, int argc, char **argv);

struct command {
	const char *name;
	command_function *run;
};

const struct command *command_named(const struct command *commands, size_t count, const char *name);

command_function am_command, cmd_command, device_config_command, dumpsys_command, input_command, logcat_command,
	pm_command, setprop_command, settings_command, svc_command, thermal_command, battery_command, wm_command;

/* Splits the request and runs it. */
void command_call(struct conn *conn, int argc, char **argv);

/* conn.c: the listening socket and its connections */
int conns_start(void);
void conns_forked(void);

#endif
