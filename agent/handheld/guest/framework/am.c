// SPDX-License-Identifier: Apache-2.0
/* `am`: words, order and exit codes as frameworks/base ActivityManagerShellCommand.java (Android 11 to 13) has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "commands.h"
#include "pm.h"

enum { MAX_CATEGORIES = 8, FLAG_CLEAR_TASK = 0x8000 }; /* Intent.FLAG_ACTIVITY_CLEAR_TASK */

struct intent {
	const char *action, *data, *package, *component;
	const char *categories[MAX_CATEGORIES];
	size_t category_count;
	unsigned flags;
};

struct start {
	struct intent intent;
	bool wait, stop;
};

static void add_part(struct text *out, const char *name, const char *value)
{
	if (value)
		text_add(out, " %s=%s", name, value);
}

/* Intent.toString */
static void intent_text(const struct intent *intent, struct text *out)
{
	text_add(out, "Intent {");
	add_part(out, "act", intent->action);
	for (size_t i = 0; i < intent->category_count; i++)
		text_add(out, "%s%s", i ? "," : " cat=[", intent->categories[i]);
	if (intent->category_count)
		text_add(out, "]");
	add_part(out, "dat", intent->data);
	if (intent->flags)
		text_add(out, " flg=0x%x", intent->flags);
	add_part(out, "pkg", intent->package);
	add_part(out, "cmp", intent->component);
	text_add(out, " }");
}

static bool option_with_value(struct start *start, const char *option, const char *value)
{
	struct intent *intent = &start->intent;

	if (strcmp(option, "-n") == 0)
		intent->component = value;
	else if (strcmp(option, "-a") == 0)
		intent->action = value;
	else if (strcmp(option, "-d") == 0)
		intent->data = value;
	else if (strcmp(option, "-p") == 0)
		intent->package = value;
	else if (strcmp(option, "-f") == 0)
		intent->flags |= (unsigned)strtoul(value, NULL, 0);
	else if (strcmp(option, "-c") == 0 && intent->category_count < MAX_CATEGORIES)
		intent->categories[intent->category_count++] = value;
	else
		return strcmp(option, "--user") == 0;
	return true;
}

static bool option_alone(struct start *start, const char *option)
{
	if (strcmp(option, "-W") == 0)
		start->wait = true;
	else if (strcmp(option, "-S") == 0)
		start->stop = true;
	else if (strcmp(option, "--activity-clear-task") == 0)
		start->intent.flags |= FLAG_CLEAR_TASK;
	else
		return false;
	return true;
}

/* What is neither option nor component: a package, whose launcher activity is meant. */
static void plain_word(struct intent *intent, const char *word)
{
	if (strchr(word, '/')) {
		intent->component = word;
		return;
	}
	intent->package = word;
	intent->action = "android.intent.action.MAIN";
	intent->categories[0] = "android.intent.category.LAUNCHER";
	intent->category_count = 1;
}

static bool parse_start(struct conn *conn, struct start *start, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (argv[i][0] != '-') {
			plain_word(&start->intent, argv[i]);
		} else if (option_alone(start, argv[i])) {
			continue;
		} else if (i + 1 < argc && option_with_value(start, argv[i], argv[i + 1])) {
			i++;
		} else {
			reply_err(conn, "Error: Unknown option: %s\n", argv[i]);
			return false;
		}
	}
	if (start->intent.component && !strchr(start->intent.component, '/')) {
		reply_err(conn, "Error: Bad component name: %s\n", start->intent.component);
		return false;
	}
	return true;
}

/* The package of the intent, whether by component or by name. */
static void intent_package(const struct intent *intent, char out[PACKAGE_SIZE])
{
	const char *from = intent->component ? intent->component : intent->package ? intent->package : "";

	snprintf(out, PACKAGE_SIZE, "%.*s", (int)strcspn(from, "/"), from);
}

static const struct profile *resolve(const struct intent *intent)
{
	const struct profile *profile;
	char package[PACKAGE_SIZE];

	intent_package(intent, package);
	profile = profile_of_package(package);
	if (profile && intent->component && !pm_has_activity(profile, strchr(intent->component, '/') + 1))
		return NULL;
	return profile;
}

static int not_found(struct conn *conn, const struct start *start)
{
	void (*reply)(struct conn *, const char *, ...) = start->wait ? reply_out : reply_err;
	const char *component = start->intent.component;
	struct text text = {0};
	char package[PACKAGE_SIZE];

	intent_package(&start->intent, package);
	if (component) {
		const char *class = strchr(component, '/') + 1;

		reply(conn, "Error type 3\nError: Activity class {%s/%s%s} does not exist.\n", package,
		      class[0] == '.' ? package : "", class);
	} else {
		intent_text(&start->intent, &text);
		reply(conn, "Error: Activity not started, unable to resolve %s\n", text.data);
		text_free(&text);
	}
	return 0; /* runStartActivity returns 0 whatever happened: only the text tells */
}

static void print_wait(struct conn *conn, const struct profile *profile, const char *state, long total_ms)
{
	reply_out(conn, "Status: %s\nLaunchState: %s\nActivity: %s/%s\n", total_ms < 0 ? "timeout" : "ok", state,
		  profile->package, profile->activity);
	if (total_ms >= 0)
		reply_out(conn, "TotalTime: %ld\n", total_ms);
	reply_out(conn, "WaitTime: %llu\nComplete\n", (unsigned long long)(now_ns() - conn->called_ns) / NS_PER_MS);
}

static void print_ended(struct conn *conn, const struct process *process, enum launch_kind kind, long total_ms)
{
	static const char *const states[LAUNCH_KINDS] = {"COLD", "WARM", "HOT"};

	if (kind == LAUNCH_HOT)
		reply_out(conn, "Warning: Activity not started, its current task has been brought to the front\n");
	print_wait(conn, process->profile, states[kind], total_ms);
	reply_end(conn, 0);
}

static int answer(struct conn *conn, const struct start *start, const struct profile *profile, enum start_result result)
{
	if (result == START_FAILED) {
		reply_err(conn, "Error: Activity not started, unknown error code -100\n");
		return 0;
	}
	if (result == START_DELIVERED_TO_TOP) {
		(start->wait ? reply_out : reply_err)(conn,
						      "Warning: Activity not started, intent has been delivered to "
						      "currently running top-most instance.\n");
		if (start->wait)
			print_wait(conn, profile, "UNKNOWN (0)", 0);
		return 0;
	}
	if (start->wait)
		return REPLY_LATER;
	if (result == START_TO_FRONT)
		reply_err(conn, "Warning: Activity not started, its current task has been brought to the front\n");
	return 0;
}

static int am_start(struct conn *conn, int argc, char **argv)
{
	struct start start = {0};
	const struct profile *profile;
	struct text text = {0};
	char package[PACKAGE_SIZE];

	if (!parse_start(conn, &start, argc, argv))
		return 255;
	profile = resolve(&start.intent);
	if (start.stop) {
		intent_package(&start.intent, package);
		reply_out(conn, "Stopping: %s\n", package);
		if (profile)
			activity_force_stop(profile, "start -S");
	}
	intent_text(&start.intent, &text);
	reply_out(conn, "Starting: %s\n", text.data);
	pm_log_start(conn->uid, text.data);
	text_free(&text);
	if (!profile)
		return not_found(conn, &start);
	return answer(
		conn, &start, profile,
		activity_start(profile, start.intent.flags & FLAG_CLEAR_TASK, start.wait ? conn : NULL, print_ended));
}

static int am_force_stop(struct conn *conn, int argc, char **argv)
{
	const struct profile *profile = profile_of_package(argc > 2 ? argv[argc - 1] : "");
	char why[32];

	snprintf(why, sizeof(why), "from pid %d", conn->pid);
	if (profile)
		activity_force_stop(profile, why);
	return 0; /* as AOSP: an unknown package is no error */
}

static int am_kill(struct conn *conn, int argc, char **argv)
{
	const struct profile *profile = profile_of_package(argc > 2 ? argv[argc - 1] : "");

	(void)conn;
	if (profile)
		activity_kill_background(profile, "kill background");
	return 0;
}

static int am_kill_all(struct conn *conn, int argc, char **argv)
{
	(void)conn, (void)argc, (void)argv;
	activity_kill_background(NULL, "kill all background");
	return 0;
}

static int am_current_user(struct conn *conn, int argc, char **argv)
{
	(void)argc, (void)argv;
	reply_out(conn, "0\n");
	return 0;
}

int am_command(struct conn *conn, int argc, char **argv)
{
	static const struct command verbs[] = {
		{"start", am_start}, {"start-activity", am_start}, {"force-stop", am_force_stop},
		{"kill", am_kill},   {"kill-all", am_kill_all},    {"get-current-user", am_current_user},
	};
	const struct command *verb = command_named(verbs, LENGTH(verbs), argc > 1 ? argv[1] : "");

	if (verb)
		return verb->run(conn, argc, argv);
	reply_err(conn, "Unknown command: %s\n", argc > 1 ? argv[1] : "");
	return 255;
}
