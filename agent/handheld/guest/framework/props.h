/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System properties. Reading needs no server (files, as a phone maps them); writing goes through system_server, which
 * knows who asks.
 */
#ifndef RECLAIM_PROPS_H
#define RECLAIM_PROPS_H

#include "store.h"

#define PROPERTY_DIRECTORY "/dev/__properties__"
#define DEVICE_CONFIG "persist.device_config."

const char *property_get(const char *name, const char *otherwise, char out[STORE_VALUE_SIZE]);
long property_long(const char *name, long otherwise);

/* In system_server: makes the directory, fills in what the build and /data say. */
int properties_load(void);
/* As init's property service: ro.* once, uid 2000 only what AOSP's shell.te lets it; acts on perf.drop_caches. */
bool property_set(const char *name, const char *value, uid_t by);
void property_unset(const char *name);

int getprop_main(int argc, char **argv);

#endif
