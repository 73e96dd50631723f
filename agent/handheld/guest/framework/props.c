// SPDX-License-Identifier: Apache-2.0
#include "props.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dropcaches.h"
#include "lmkd.h"

#define PERSIST_DIRECTORY "/data/property"

enum { SHELL_UID = 2000, VALUE_MAX = 91 }; /* PROP_VALUE_MAX - 1, <sys/system_properties.h>; ro.* may be longer */

/* `framework` as a phone of 2022 would describe itself. SDK 33 because launches are marked as Android 13 marks them
 * (launchingActivity#N:completed-cold:PACKAGE) and perf.drop_caches exists since 31. */
static const struct {
	const char *name, *value;
} fixed[] = {
	{"ro.product.model", "Virtual Handheld"},
	{"ro.product.brand", "reclaim"},
	{"ro.product.manufacturer", "reclaim"},
	{"ro.product.name", "virtual"},
	{"ro.product.device", "virtual"},
	{"ro.hardware", "qemu"},
	{"ro.kernel.qemu", "1"},
	{"ro.boot.qemu", "1"},
	{"ro.build.version.release", "13"},
	{"ro.build.version.sdk", "33"},
	{"ro.build.version.codename", "REL"},
	{"ro.build.version.incremental", "1"},
	{"ro.build.id", "STANDIN"},
	{"ro.build.characteristics", "default"},
	{"ro.config.low_ram", "false"},
	{"ro.product.cpu.abi", "x86_64"},
	{"ro.product.cpu.abilist", "x86_64"},
	{"persist.traced.enable", "1"},
	{"perf.drop_caches", "0"},
	{"service.adb.tcp.port", "5555"},
	{"init.svc.adbd", "running"},
	{"init.svc.lmkd", "running"},
	{"init.svc.traced", "running"},
	{"init.svc.traced_probes", "running"},
	{"ro.reclaim.stand_in",
	 "virtual handheld: kernel, zram, PSI, file systems, adbd and Perfetto are real; ActivityManager, apps, lmkd, "
	 "logcat, properties, battery and thermal are stand-ins; no GPU, no display: TTID comes from Perfetto's "
	 "pre-Android-12 branch (Choreographer#doFrame and DrawFrame, no FrameTimeline)"},
};

/* AOSP system/sepolicy private/shell.te, the set_prop(shell, ...) lines, by prefix; property.te names the groups. */
static const char *const shell_may_set[] = {
	"debug.",         "log.",  "persist.log.",       "perf.drop_caches",    "persist.traced.",
	"sys.usb.config", "test.", "persist.heapprofd.", "persist.simpleperf.", DEVICE_CONFIG,
	"lmkd.reinit",
};

const char *property_get(const char *name, const char *otherwise, char out[STORE_VALUE_SIZE])
{
	if (!store_get(PROPERTY_DIRECTORY, name, out))
		snprintf(out, STORE_VALUE_SIZE, "%s", otherwise);
	return out;
}

long property_long(const char *name, long otherwise)
{
	char value[STORE_VALUE_SIZE];
	long number = otherwise;

	if (store_get(PROPERTY_DIRECTORY, name, value))
		parse_number(value, INT32_MIN, INT32_MAX, &number);
	return number;
}

static void load_build(void)
{
	char type[32] = "userdebug", text[256];
	struct utsname kernel;

	kernel_argument("reclaim.build", type, sizeof(type));
	uname(&kernel);
	store_set(PROPERTY_DIRECTORY, "ro.build.type", type);
	store_set(PROPERTY_DIRECTORY, "ro.debuggable", strcmp(type, "user") == 0 ? "0" : "1");
	store_set(PROPERTY_DIRECTORY, "ro.secure", "1");
	store_set(PROPERTY_DIRECTORY, "ro.build.tags", strcmp(type, "user") == 0 ? "release-keys" : "test-keys");
	snprintf(text, sizeof(text), "reclaim/virtual/virtual:13/STANDIN/1:%s/%s", type,
		 strcmp(type, "user") == 0 ? "release-keys" : "test-keys");
	store_set(PROPERTY_DIRECTORY, "ro.build.fingerprint", text);
	store_set(PROPERTY_DIRECTORY, "ro.kernel.version", kernel.release);
}

static void load_one(const char *name, const char *value, void *context)
{
	(void)context;
	store_set(PROPERTY_DIRECTORY, name, value);
}

int properties_load(void)
{
	char path[PATH_SIZE];

	if (make_directories(rooted(path, PROPERTY_DIRECTORY), 0755) < 0)
		return -1;
	make_directories(rooted(path, PERSIST_DIRECTORY), 0700);
	store_delete(PROPERTY_DIRECTORY, "sys.boot_completed"); /* left by a server that died */
	for (size_t i = 0; i < LENGTH(fixed); i++)
		store_set(PROPERTY_DIRECTORY, fixed[i].name, fixed[i].value);
	load_build();
	store_each(PERSIST_DIRECTORY, load_one, NULL);
	return 0;
}

static bool allowed(const char *name, uid_t by)
{
	if (by == 0 || by == getuid())
		return true;
	if (by != SHELL_UID)
		return false;
	for (size_t i = 0; i < LENGTH(shell_may_set); i++) {
		if (starts_with(name, shell_may_set[i]))
			return true;
	}
	return false;
}

static void act_on(const char *name, const char *value)
{
	/* AOSP init.rc: `on property:perf.drop_caches=3`, the write, then `setprop perf.drop_caches 0`. */
	if (strcmp(name, "perf.drop_caches") == 0 && strcmp(value, "3") == 0)
		drop_caches();
	/* AOSP lmkd.rc: a changed persist.device_config.lmkd_native.* sets lmkd.reinit, which runs `lmkd --reinit`. */
	if (starts_with(name, DEVICE_CONFIG "lmkd_native.") || strcmp(name, "lmkd.reinit") == 0) {
		lmkd_reinit();
		store_set(PROPERTY_DIRECTORY, "lmkd.reinit", "0");
	}
}

bool property_set(const char *name, const char *value, uid_t by)
{
	char before[STORE_VALUE_SIZE];
	bool constant = starts_with(name, "ro.");

	if (!allowed(name, by) || (!constant && strlen(value) > VALUE_MAX))
		return false;
	if (constant && store_get(PROPERTY_DIRECTORY, name, before))
		return false;
	if (store_set(PROPERTY_DIRECTORY, name, value) < 0)
		return false;
	if (starts_with(name, "persist."))
		store_set(PERSIST_DIRECTORY, name, value);
	act_on(name, value);
	return true;
}

void property_unset(const char *name)
{
	store_delete(PROPERTY_DIRECTORY, name);
	store_delete(PERSIST_DIRECTORY, name);
	act_on(name, "");
}

static void print_one(const char *name, const char *value, void *context)
{
	(void)context;
	printf("[%s]: [%s]\n", name, value);
}

/* Format: AOSP system/core toolbox getprop.cpp. */
int getprop_main(int argc, char **argv)
{
	char value[STORE_VALUE_SIZE];

	if (argc > 3 || (argc > 1 && argv[1][0] == '-')) {
		fprintf(stderr, "usage: getprop [NAME [DEFAULT]]\n");
		return 1;
	}
	if (argc == 1)
		store_each(PROPERTY_DIRECTORY, print_one, NULL);
	else
		printf("%s\n", property_get(argv[1], argc == 3 ? argv[2] : "", value));
	return 0;
}
