/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a command (am, pm, dumpsys ...) reaches system_server: the client sends its argument list, the server answers
 * with frames of output, errors and, last, the exit status. Stands where Binder stands on a phone.
 */
#ifndef RECLAIM_WIRE_H
#define RECLAIM_WIRE_H

#include <stdint.h>

#define SYSTEM_SOCKET "/dev/socket/system_server"

enum { WIRE_MAX_REQUEST = 65536 };
enum wire_kind { WIRE_OUT = 1, WIRE_ERR = 2, WIRE_EXIT = 3 };

/* Request: this with kind = number of arguments, then the arguments, each ended by NUL. Reply: this, then the bytes. */
struct wire_header {
	uint32_t kind;
	uint32_t length;
};

/* Runs argv in system_server and prints what it answers; returns its exit status (20 when it is not running). */
int wire_call(int argc, char **argv);

#endif
