/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECLAIM_MEMINFO_H
#define RECLAIM_MEMINFO_H

#include "server.h"

int dump_meminfo(struct conn *conn, int argc, char **argv);

#endif
