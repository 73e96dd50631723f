// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "store.h"

#define SETTINGS_DIRECTORY "/data/system/settings"

enum { UNKNOWN_COMMAND = 255 };

static const char *const tables[] = {"global", "system", "secure"};

static const struct {
	const char *table, *name, *value;
} defaults[] = {
	{"global", "adb_enabled", "1"},
	{"global", "airplane_mode_on", "0"},
	{"global", "animator_duration_scale", "1.0"},
	{"global", "device_provisioned", "1"},
	{"global", "stay_on_while_plugged_in", "0"},
	{"global", "transition_animation_scale", "1.0"},
	{"global", "wifi_on", "0"},
	{"global", "window_animation_scale", "1.0"},
	{"secure", "user_setup_complete", "1"},
	{"system", "accelerometer_rotation", "1"},
	{"system", "screen_brightness", "102"},
	{"system", "screen_brightness_mode", "0"},
	{"system", "screen_off_timeout", "60000"},
};

static const char *directory_of(const char *table, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, SETTINGS_DIRECTORY "/%s", table);
	return out;
}

int settings_load(void)
{
	char directory[PATH_SIZE], path[PATH_SIZE], value[STORE_VALUE_SIZE];

	for (size_t i = 0; i < LENGTH(tables); i++) {
		if (make_directories(rooted(path, directory_of(tables[i], directory)), 0700) < 0)
			return -1;
	}
	for (size_t i = 0; i < LENGTH(defaults); i++) {
		if (!store_get(directory_of(defaults[i].table, directory), defaults[i].name, value))
			store_set(directory, defaults[i].name, defaults[i].value);
	}
	return 0;
}

long settings_long(const char *table, const char *name, long otherwise)
{
	char directory[PATH_SIZE], value[STORE_VALUE_SIZE];
	long number = otherwise;

	if (store_get(directory_of(table, directory), name, value))
		parse_number(value, INT32_MIN, INT32_MAX, &number);
	return number;
}

void settings_put(const char *table, const char *name, const char *value)
{
	char directory[PATH_SIZE];

	store_set(directory_of(table, directory), name, value);
}

static void list_one(const char *name, const char *value, void *conn)
{
	reply_out(conn, "%s=%s\n", name, value);
}

static bool known_table(const char *name)
{
	for (size_t i = 0; i < LENGTH(tables); i++) {
		if (strcmp(tables[i], name) == 0)
			return true;
	}
	return false;
}

static int put(struct conn *conn, const char *directory, char **argv)
{
	if (store_set(directory, argv[3], argv[4]) == 0)
		return 0;
	reply_err(conn, "Bad arguments: %s cannot be stored\n", argv[3]);
	return UNKNOWN_COMMAND;
}

static int get(struct conn *conn, const char *directory, char **argv)
{
	char value[STORE_VALUE_SIZE];

	reply_out(conn, "%s\n", store_get(directory, argv[3], value) ? value : "null");
	return 0;
}

static int delete(struct conn *conn, const char *directory, char **argv)
{
	reply_out(conn, "Deleted %d rows\n", store_delete(directory, argv[3]));
	return 0;
}

static int list(struct conn *conn, const char *directory, char **argv)
{
	(void)argv;
	store_each(directory, list_one, conn);
	return 0;
}

/* Verbs and outputs: frameworks/base packages/SettingsProvider SettingsService.java, MyShellCommand. -1: no such verb.
 */
static int run(struct conn *conn, int argc, char **argv)
{
	static const struct {
		const char *name;
		int words; /* as many as it needs */
		int (*run)(struct conn *conn, const char *directory, char **argv);
	} verbs[] = {{"get", 4, get}, {"put", 5, put}, {"delete", 4, delete}, {"list", 3, list}};
	char directory[PATH_SIZE];

	for (size_t i = 0; i < LENGTH(verbs); i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc >= verbs[i].words)
			return verbs[i].run(conn, directory_of(argv[2], directory), argv);
	}
	return -1;
}

/* There is one user: its number is taken and forgotten. */
static int without_user(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--user") == 0) {
			memmove(&argv[i], &argv[i + 2], (size_t)(argc - i - 1) * sizeof(argv[0]));
			return argc - 2;
		}
	}
	return argc;
}

int settings_command(struct conn *conn, int argc, char **argv)
{
	int status = -1;

	argc = without_user(argc, argv);
	if (argc >= 3 && known_table(argv[2]))
		status = run(conn, argc, argv);
	if (status < 0)
		reply_err(conn, "usage: settings get|put|delete|list global|system|secure [NAME [VALUE]]\n");
	return status < 0 ? UNKNOWN_COMMAND : status;
}
