// SPDX-License-Identifier: Apache-2.0
/* `dumpsys`: the parts of each service's dump that tools read, in AOSP's words (Android 13). */
#include <stdio.h>
#include <string.h>

#include "activity.h"
#include "commands.h"
#include "meminfo.h"

/* BatteryService.java: status 2 charging, 3 discharging; health 2 good; temperature in 0.1 degree C. */
struct battery {
	long ac, usb, wireless, status, level, temperature, voltage;
};

static const struct battery real_battery = {.usb = 1, .status = 2, .level = 100, .temperature = 250, .voltage = 4200};
static struct battery battery = real_battery;
static long thermal_status, thermal_override = -1;

static const char *truth(long value)
{
	return value ? "true" : "false";
}

static void print_battery(struct conn *conn)
{
	reply_out(conn, "Current Battery Service state:\n");
	if (memcmp(&battery, &real_battery, sizeof(battery)) != 0)
		reply_out(conn, "  (UPDATES STOPPED -- use 'reset' to restart)\n");
	reply_out(conn,
		  "  AC powered: %s\n  USB powered: %s\n  Wireless powered: %s\n  Dock powered: false\n"
		  "  Max charging current: 500000\n  Max charging voltage: 5000000\n  Charge counter: 3000000\n"
		  "  status: %ld\n  health: 2\n  present: true\n  level: %ld\n  scale: 100\n  voltage: %ld\n"
		  "  temperature: %ld\n  technology: Li-ion\n",
		  truth(battery.ac), truth(battery.usb), truth(battery.wireless), battery.status, battery.level,
		  battery.voltage, battery.temperature);
}

static long *battery_field(const char *name)
{
	static const struct {
		const char *name;
		long *value;
	} fields[] = {
		{"ac", &battery.ac},           {"usb", &battery.usb},     {"wireless", &battery.wireless},
		{"status", &battery.status},   {"level", &battery.level}, {"temp", &battery.temperature},
		{"voltage", &battery.voltage},
	};

	for (size_t i = 0; i < LENGTH(fields); i++) {
		if (strcmp(fields[i].name, name) == 0)
			return fields[i].value;
	}
	return NULL;
}

/* `dumpsys battery unplug|reset|set FIELD N`, also as `cmd battery ...`: changes what is told, nothing else. */
int battery_command(struct conn *conn, int argc, char **argv)
{
	long *field = argc == 4 && strcmp(argv[1], "set") == 0 ? battery_field(argv[2]) : NULL;

	if (argc == 1)
		print_battery(conn);
	else if (strcmp(argv[1], "reset") == 0)
		battery = real_battery;
	else if (strcmp(argv[1], "unplug") == 0) {
		battery.ac = battery.usb = battery.wireless = 0;
		battery.status = 3;
	} else if (!field || !parse_number(argv[3], INT32_MIN, INT32_MAX, field)) {
		reply_err(conn, "Unknown set option or command: %s\n", argv[1]);
		return 255;
	}
	return 0;
}

/* ThermalManagerService.java, dump and shell command. */
static void print_thermal(struct conn *conn)
{
	static const char temperature[] = "\tTemperature{mValue=30.0, mType=3, mName=skin, mStatus=%ld}\n";

	reply_out(conn,
		  "IsStatusOverride: %s\nThermalEventListeners:\n\tcallbacks: 0\n\tkilled: false\n\tbroadcasts count: "
		  "-1\n"
		  "ThermalStatusListeners:\n\tcallbacks: 0\n\tkilled: false\n\tbroadcasts count: -1\nThermal Status: "
		  "%ld\n",
		  truth(thermal_override >= 0), thermal_override >= 0 ? thermal_override : thermal_status);
	reply_out(conn, "Cached temperatures:\n");
	reply_out(conn, temperature, thermal_status);
	reply_out(conn,
		  "HAL Ready: true\nHAL connection:\n\tThermalHAL 2.0 connected: no\nCurrent temperatures from HAL:\n");
	reply_out(conn, temperature, thermal_status);
	reply_out(conn, "Current cooling devices from HAL:\n");
}

int thermal_command(struct conn *conn, int argc, char **argv)
{
	if (argc == 1)
		print_thermal(conn);
	else if (strcmp(argv[1], "reset") == 0)
		thermal_override = -1;
	else if (argc != 3 || strcmp(argv[1], "override-status") != 0 ||
		 !parse_number(argv[2], 0, 6, &thermal_override)) {
		reply_err(conn, "Usage: override-status 0..6 | reset\n");
		return 255;
	}
	return 0;
}

static void print_package(struct conn *conn, const struct profile *p)
{
	reply_out(conn,
		  "  Package [%s] (%x):\n    userId=%d\n    codePath=/product/app/%s\n"
		  "    versionCode=%ld minSdk=24 targetSdk=33\n    versionName=%s\n    flags=[ %sHAS_CODE "
		  "ALLOW_CLEAR_USER_DATA ]\n",
		  p->package, (unsigned)p->uid * 2654435761u, p->uid, p->package, p->version_code, p->version_name,
		  p->home ? "SYSTEM " : "");
}

static int dump_package(struct conn *conn, int argc, char **argv)
{
	const struct profile *wanted = profile_of_package(argc > 1 ? argv[1] : "");

	if (argc > 1 && !wanted) {
		reply_out(conn, "Unable to find package: %s\n", argv[1]);
		return 0;
	}
	reply_out(conn, "Packages:\n");
	for (size_t i = 0; i < profile_count(); i++) {
		if (!wanted || wanted == profile_at(i))
			print_package(conn, profile_at(i));
	}
	return 0;
}

static void print_activities(struct conn *conn)
{
	const struct process *top = activity_top();

	reply_out(conn, "ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)\n");
	if (top)
		reply_out(conn,
			  "  topResumedActivity=ActivityRecord{%x u0 %s/%s t%d}\n  ResumedActivity: ActivityRecord{%x "
			  "u0 %s/%s t%d}\n",
			  (unsigned)top->pid, top->profile->package, top->profile->activity, process_app_id(top),
			  (unsigned)top->pid, top->profile->package, top->profile->activity, process_app_id(top));
}

static int dump_activity(struct conn *conn, int argc, char **argv)
{
	static const char *const states[] = {"none", "stopped", "resumed"};

	if (argc < 2 || strcmp(argv[1], "activities") == 0)
		print_activities(conn);
	if (argc >= 2 && strcmp(argv[1], "activities") == 0)
		return 0;
	reply_out(conn, "ACTIVITY MANAGER RUNNING PROCESSES (dumpsys activity processes)\n");
	for (size_t i = 0; i < profile_count(); i++) {
		const struct process *p = process_at(i);

		if (p->pid)
			reply_out(conn,
				  "  *APP* UID %d ProcessRecord{%x %d:%s/u0a%d}\n    oom adj: curAdj=%d setAdj=%d "
				  "activity=%s\n",
				  p->profile->uid, (unsigned)p->pid, p->pid, p->profile->package, process_app_id(p),
				  p->adj, p->adj, states[p->activity]);
	}
	return 0;
}

static int dump_power(struct conn *conn, int argc, char **argv)
{
	(void)argc, (void)argv;
	reply_out(conn,
		  "POWER MANAGER (dumpsys power)\n\nPower Manager State:\n  mWakefulness=Awake\n  mIsPowered=%s\n",
		  truth(battery.ac || battery.usb || battery.wireless));
	return 0;
}

static int dump_window(struct conn *conn, int argc, char **argv)
{
	const struct process *top = activity_top();

	(void)argc, (void)argv;
	reply_out(conn, "WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)\n");
	if (top)
		reply_out(conn, "  mCurrentFocus=Window{%x u0 %s/%s%s}\n", (unsigned)top->pid, top->profile->package,
			  top->profile->package, top->profile->activity);
	reply_out(conn, "  mDreamingLockscreen=false isKeyguardShowing=false\n");
	return 0;
}

int dumpsys_command(struct conn *conn, int argc, char **argv)
{
	static const struct command services[] = {
		{"activity", dump_activity}, {"battery", battery_command},        {"meminfo", dump_meminfo},
		{"package", dump_package},   {"power", dump_power},               {"thermalservice", thermal_command},
		{"window", dump_window},
	};
	const struct command *service = command_named(services, LENGTH(services), argc > 1 ? argv[1] : "");

	if (service)
		return service->run(conn, argc - 1, argv + 1);
	if (argc == 1 || strcmp(argv[1], "-l") == 0) {
		reply_out(conn, "Currently running services:\n");
		for (size_t i = 0; i < LENGTH(services); i++)
			reply_out(conn, "  %s\n", services[i].name);
		return 0;
	}
	reply_err(conn, "Can't find service: %s\n", argv[1]);
	return 0;
}
