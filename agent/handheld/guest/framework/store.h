/* SPDX-License-Identifier: Apache-2.0 */
/* Named texts, one small file each: properties live in /dev/__properties__, settings in /data/system/settings. */
#ifndef RECLAIM_STORE_H
#define RECLAIM_STORE_H

#include "util.h"

enum { STORE_VALUE_SIZE = 1024 };

/* False when the name is not there; `out` is then empty. Directories are given without the root. */
bool store_get(const char *directory, const char *name, char out[STORE_VALUE_SIZE]);
/* Whole or not at all: a reader never sees half a value. Names that could leave the directory are refused. */
int store_set(const char *directory, const char *name, const char *value);
bool store_delete(const char *directory, const char *name);
/* Sorted by name. */
void store_each(const char *directory, void (*visit)(const char *name, const char *value, void *context),
		void *context);

#endif
