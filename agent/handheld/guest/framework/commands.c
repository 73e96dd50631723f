// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "activity.h"
#include "props.h"
#include "settings.h"

enum { NO_SUCH_SERVICE = 20, UNKNOWN_COMMAND = 255 };

const struct command *command_named(const struct command *commands, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

int setprop_command(struct conn *conn, int argc, char **argv)
{
	if (argc != 3) {
		reply_err(conn, "usage: setprop NAME VALUE\n");
		return 1;
	}
	if (property_set(argv[1], argv[2], conn->uid))
		return 0;
	/* AOSP system/core toolbox setprop.cpp */
	reply_err(conn, "Failed to set property '%s' to '%s'.\nSee dmesg for error reason.\n", argv[1], argv[2]);
	return 1;
}

/* Keys that change what is on the screen; every other key is taken and does nothing, as there is no screen. */
static void press_key(const char *key)
{
	key += starts_with(key, "KEYCODE_") ? strlen("KEYCODE_") : 0;
	if (strcmp(key, "HOME") == 0 || strcmp(key, "3") == 0)
		activity_home();
	else if (strcmp(key, "BACK") == 0 || strcmp(key, "4") == 0)
		activity_back();
}

static int input_keyevent(struct conn *conn, int argc, char **argv)
{
	(void)conn;
	for (int i = 2; i < argc; i++)
		press_key(argv[i]);
	return 0;
}

static int input_nothing(struct conn *conn, int argc, char **argv)
{
	(void)conn, (void)argc, (void)argv;
	return 0;
}

int input_command(struct conn *conn, int argc, char **argv)
{
	static const struct command verbs[] = {
		{"keyevent", input_keyevent},
		{"tap", input_nothing},
		{"swipe", input_nothing},
		{"text", input_nothing},
	};
	const struct command *verb = command_named(verbs, LENGTH(verbs), argc > 2 ? argv[1] : "");

	if (verb)
		return verb->run(conn, argc, argv);
	reply_err(conn, "Usage: input keyevent KEYCODE... | tap X Y | swipe X1 Y1 X2 Y2 | text TEXT\n");
	return 1;
}

/* BatteryManager.BATTERY_PLUGGED_*: AC 1, USB 2, wireless 4, dock 8. */
static const char *stay_on_mask(const char *word)
{
	static const char *const words[][2] = {{"true", "15"}, {"false", "0"},    {"ac", "1"},
					       {"usb", "2"},   {"wireless", "4"}, {"dock", "8"}};

	for (size_t i = 0; i < LENGTH(words); i++) {
		if (strcmp(words[i][0], word) == 0)
			return words[i][1];
	}
	return NULL;
}

int svc_command(struct conn *conn, int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "power") == 0 && strcmp(argv[2], "stayon") == 0 && stay_on_mask(argv[3])) {
		settings_put("global", "stay_on_while_plugged_in", stay_on_mask(argv[3]));
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "wifi") == 0) {
		settings_put("global", "wifi_on", strcmp(argv[2], "enable") == 0 ? "1" : "0");
		return 0;
	}
	reply_err(conn, "Usage: svc power stayon true|false|usb|ac|wireless|dock\n       svc wifi enable|disable\n");
	return 1;
}

int wm_command(struct conn *conn, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "size") == 0)
		reply_out(conn, "Physical size: 1080x2400\n");
	else if (strcmp(what, "density") == 0)
		reply_out(conn, "Physical density: 420\n");
	else if (strcmp(what, "dismiss-keyguard") != 0) {
		reply_err(conn, "Window manager (wm) commands:\n  size\n  density\n  dismiss-keyguard\n");
		return UNKNOWN_COMMAND;
	}
	return 0;
}

struct listing {
	struct conn *conn;
	char prefix[PATH_SIZE];
};

static void list_flag(const char *name, const char *value, void *context)
{
	struct listing *listing = context;

	if (starts_with(name, listing->prefix))
		reply_out(listing->conn, "%s=%s\n", name + strlen(listing->prefix), value);
}

/* Flags live in properties, as DeviceConfig keeps its native ones: persist.device_config.SPACE.NAME. */
static void flag_name(char out[PATH_SIZE], char **argv, const char *name)
{
	snprintf(out, PATH_SIZE, DEVICE_CONFIG "%.100s.%.100s", argv[2], name);
}

static int flags_list(struct conn *conn, int argc, char **argv)
{
	struct listing listing = {.conn = conn};

	(void)argc;
	flag_name(listing.prefix, argv, "");
	store_each(PROPERTY_DIRECTORY, list_flag, &listing);
	return 0;
}

static int flag_get(struct conn *conn, int argc, char **argv)
{
	char name[PATH_SIZE], value[STORE_VALUE_SIZE];

	(void)argc;
	flag_name(name, argv, argv[3]);
	reply_out(conn, "%s\n", property_get(name, "null", value));
	return 0;
}

static int flag_put(struct conn *conn, int argc, char **argv)
{
	char name[PATH_SIZE];

	(void)conn, (void)argc;
	flag_name(name, argv, argv[3]);
	return property_set(name, argv[4], 0) ? 0 : 1;
}

static int flag_delete(struct conn *conn, int argc, char **argv)
{
	char name[PATH_SIZE];

	(void)argc;
	flag_name(name, argv, argv[3]);
	property_unset(name);
	reply_out(conn, "Successfully deleted %s from %s\n", argv[3], argv[2]);
	return 0;
}

int device_config_command(struct conn *conn, int argc, char **argv)
{
	static const struct command verbs[] = {
		{"list", flags_list},
		{"get", flag_get},
		{"put", flag_put},
		{"delete", flag_delete},
	};
	static const int words[] = {3, 4, 5, 4}; /* as many as each verb needs */
	const struct command *verb = command_named(verbs, LENGTH(verbs), argc > 1 ? argv[1] : "");

	if (verb && argc >= words[verb - verbs])
		return verb->run(conn, argc, argv);
	reply_err(conn, "usage: device_config get|put|delete|list NAMESPACE [NAME [VALUE]]\n");
	return UNKNOWN_COMMAND;
}

/* `cmd SERVICE ARGS`: the service's own shell command. */
int cmd_command(struct conn *conn, int argc, char **argv)
{
	static const struct command services[] = {
		{"activity", am_command}, {"battery", battery_command},   {"device_config", device_config_command},
		{"package", pm_command},  {"settings", settings_command}, {"thermalservice", thermal_command},
		{"window", wm_command},
	};
	const struct command *service = command_named(services, LENGTH(services), argc > 1 ? argv[1] : "");

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		reply_out(conn, "Currently running services:\n");
		for (size_t i = 0; i < LENGTH(services); i++)
			reply_out(conn, "  %s\n", services[i].name);
		return 0;
	}
	if (service)
		return service->run(conn, argc - 1, argv + 1);
	/* frameworks/native cmds/cmd/cmd.cpp */
	reply_err(conn, "cmd: Can't find service: %s\n", argc > 1 ? argv[1] : "");
	return NO_SUCH_SERVICE;
}

void command_call(struct conn *conn, int argc, char **argv)
{
	static const struct command commands[] = {
		{"am", am_command},           {"cmd", cmd_command},         {"device_config", device_config_command},
		{"dumpsys", dumpsys_command}, {"input", input_command},     {"logcat", logcat_command},
		{"pm", pm_command},           {"setprop", setprop_command}, {"settings", settings_command},
		{"svc", svc_command},         {"wm", wm_command},
	};
	const struct command *command = command_named(commands, LENGTH(commands), argv[0]);
	int status;

	if (!command) {
		reply_err(conn, "%s: not a command of this system server\n", argv[0]);
		reply_end(conn, UNKNOWN_COMMAND);
		return;
	}
	status = command->run(conn, argc, argv);
	if (status != REPLY_LATER)
		reply_end(conn, status);
}
