// SPDX-License-Identifier: Apache-2.0
/* `pm` and `cmd package`, formats of frameworks/base PackageManagerShellCommand.java (Android 13). */
#include "pm.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "log.h"

enum { FAILED = 1, UNKNOWN_COMMAND = 255 };

bool pm_has_activity(const struct profile *profile, const char *class)
{
	size_t length = strlen(profile->package);

	if (class[0] == '.')
		return strcmp(class, profile->activity) == 0;
	return strncmp(class, profile->package, length) == 0 && strcmp(class + length, profile->activity) == 0;
}

void pm_log_start(uid_t by, const char *intent)
{
	/* "Intent { x }" as "{x}": IntentShell's short form */
	int length = (int)strlen(intent) - (int)strlen("Intent { ") - (int)strlen(" }");

	log_line(LOG_SYSTEM, 'I', "ActivityTaskManager", "START u0 {%.*s} from uid %u", length > 0 ? length : 0,
		 intent + strlen("Intent { "), by);
}

struct list_options {
	bool third_party, system, path, uid, code;
	const char *filter;
};

static void parse_list(struct list_options *options, int argc, char **argv)
{
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
		{"-3", &options->third_party},
		{"-s", &options->system},
		{"-f", &options->path},
		{"-U", &options->uid},
		{"--show-versioncode", &options->code},
	};

	for (int i = 3; i < argc; i++) {
		for (size_t k = 0; k < LENGTH(flags); k++)
			*flags[k].flag = *flags[k].flag || strcmp(argv[i], flags[k].word) == 0;
		if (strcmp(argv[i], "--user") == 0)
			i++;
		else if (argv[i][0] != '-')
			options->filter = argv[i];
	}
}

static bool listed(const struct profile *p, const struct list_options *options)
{
	if (p->home ? options->third_party : options->system)
		return false;
	return !options->filter || strstr(p->package, options->filter);
}

static void list_one(struct conn *conn, const struct profile *p, const struct list_options *options)
{
	if (!listed(p, options))
		return;
	reply_out(conn, "package:");
	if (options->path)
		reply_out(conn, "/product/app/%s/base.apk=", p->package);
	reply_out(conn, "%s", p->package);
	if (options->code)
		reply_out(conn, " versionCode:%ld", p->version_code);
	if (options->uid)
		reply_out(conn, " uid:%d", p->uid);
	reply_out(conn, "\n");
}

static int pm_list(struct conn *conn, int argc, char **argv)
{
	struct list_options options = {0};

	if (argc < 3 || (strcmp(argv[2], "packages") != 0 && strcmp(argv[2], "package") != 0)) {
		reply_err(conn, "Error: unknown list type '%s'\n", argc > 2 ? argv[2] : "");
		return UNKNOWN_COMMAND;
	}
	parse_list(&options, argc, argv);
	for (size_t i = 0; i < profile_count(); i++)
		list_one(conn, profile_at(i), &options);
	return 0;
}

static int pm_path(struct conn *conn, int argc, char **argv)
{
	const struct profile *profile = profile_of_package(argc > 2 ? argv[argc - 1] : "");

	if (!profile)
		return FAILED;
	reply_out(conn, "package:/product/app/%s/base.apk\n", profile->package);
	return 0;
}

static void print_activity(struct conn *conn, const struct profile *p, bool brief, const char *indent)
{
	if (brief)
		reply_out(conn,
			  "%spriority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true\n%s%s/%s\n",
			  indent, indent, p->package, p->activity);
	else
		reply_out(conn,
			  "%spriority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true\n"
			  "%sActivityInfo:\n%s  name=%s%s\n%s  packageName=%s\n",
			  indent, indent, indent, p->package, p->activity, indent, p->package);
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], word) == 0)
			return true;
	}
	return false;
}

static int pm_resolve(struct conn *conn, int argc, char **argv)
{
	char package[PACKAGE_SIZE] = "";
	const struct profile *profile;

	if (argc > 2)
		snprintf(package, sizeof(package), "%.*s", (int)strcspn(argv[argc - 1], "/"), argv[argc - 1]);
	profile = profile_of_package(package);
	if (profile)
		print_activity(conn, profile, has_word(argc, argv, "--brief"), "");
	else
		reply_out(conn, "No activity found\n");
	return 0;
}

static int pm_query(struct conn *conn, int argc, char **argv)
{
	bool brief = has_word(argc, argv, "--brief");
	size_t shown = 0, number = 0;

	for (size_t i = 0; i < profile_count(); i++)
		shown += !profile_at(i)->unlisted;
	if (shown == 0)
		reply_out(conn, "No activities found\n");
	else
		reply_out(conn, "%zu activities found:\n", shown);
	for (size_t i = 0; i < profile_count(); i++) {
		if (profile_at(i)->unlisted)
			continue;
		reply_out(conn, "  Activity #%zu:\n", number++);
		print_activity(conn, profile_at(i), brief, "    ");
	}
	return 0;
}

int pm_command(struct conn *conn, int argc, char **argv)
{
	static const struct command verbs[] = {
		{"list", pm_list},
		{"path", pm_path},
		{"resolve-activity", pm_resolve},
		{"query-activities", pm_query},
	};
	const struct command *verb = command_named(verbs, LENGTH(verbs), argc > 1 ? argv[1] : "");

	if (verb)
		return verb->run(conn, argc, argv);
	reply_err(conn, "Unknown command: %s\n", argc > 1 ? argv[1] : "");
	return UNKNOWN_COMMAND;
}
