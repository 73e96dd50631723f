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
int input_command(struct conn *conn, int argc, char **argv)
{
	static const char *const known[] = {"keyevent", "tap", "swipe", "text"};
	bool found = false;

	for (size_t i = 0; argc > 1 && i < LENGTH(known); i++)
		found = found || strcmp(argv[1], known[i]) == 0;
	if (!found || argc < 3) {
		reply_err(conn, "Usage: input keyevent KEYCODE... | tap X Y | swipe X1 Y1 X2 Y2 | text TEXT\n");
		return 1;
	}
	for (int i = 2; strcmp(argv[1], "keyevent") == 0 && i < argc; i++) {
		const char *key = starts_with(argv[i], "KEYCODE_") ? argv[i] + 8 : argv[i];

		if (strcmp(key, "HOME") == 0 || strcmp(key, "3") == 0)
			activity_home();
		else if (strcmp(key, "BACK") == 0 || strcmp(key, "4") == 0)
			activity_back();
	}
	return 0;
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
int device_config_command(struct conn *conn, int argc, char **argv)
{
	struct listing listing = {.conn = conn};
	char value[STORE_VALUE_SIZE];
	const char *verb = argc > 2 ? argv[1] : "";

	snprintf(listing.prefix, sizeof(listing.prefix), DEVICE_CONFIG "%.100s.%.100s", argc > 2 ? argv[2] : "",
		 argc > 3 ? argv[3] : "");
	if (strcmp(verb, "list") == 0 && argc == 3)
		store_each(PROPERTY_DIRECTORY, list_flag, &listing);
	else if (strcmp(verb, "get") == 0 && argc == 4)
		reply_out(conn, "%s\n", property_get(listing.prefix, "null", value));
	else if (strcmp(verb, "put") == 0 && argc >= 5)
		return property_set(listing.prefix, argv[4], 0) ? 0 : 1;
	else if (strcmp(verb, "delete") == 0 && argc == 4)
		reply_out(conn, "Successfully deleted %s from %s\n", argv[3], argv[2]), property_unset(listing.prefix);
	else {
		reply_err(conn, "usage: device_config get|put|delete|list NAMESPACE [NAME [VALUE]]\n");
		return UNKNOWN_COMMAND;
	}
	return 0;
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
