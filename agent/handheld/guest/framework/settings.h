/* SPDX-License-Identifier: Apache-2.0 */
/* The settings provider's three tables, one directory of small files each; they outlive a reboot with /data. */
#ifndef RECLAIM_SETTINGS_H
#define RECLAIM_SETTINGS_H

int settings_load(void);
long settings_long(const char *table, const char *name, long otherwise);
void settings_put(const char *table, const char *name, const char *value);

#endif
