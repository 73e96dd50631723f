// SPDX-License-Identifier: Apache-2.0
#include "activity.h"

#include <stdio.h>
#include <string.h>

#include "freezer.h"
#include "log.h"
#include "props.h"
#include "settings.h"
#include "trace.h"

/* ActivityTaskSupervisor.IDLE_TIMEOUT, 10 s, times the ro.hw_timeout_multiplier an emulated device would have, 6 */
enum { LAUNCH_LIMIT_MS = 60000 };
enum { HOME_RESTART_MS = 1000 }; /* so that a launcher killed at once does not make the killer spin */
enum { MAX_CACHED = 32, TRIM_MS = 100 };  /* ActivityManagerConstants.DEFAULT_MAX_CACHED_PROCESSES */
enum { HOME_FRAME = INT32_MAX }; /* the launcher's own launches have no number: they are not in the trace */

static struct process *top;
static uint64_t uses;
static unsigned launches;
static launch_ended *tell;
static unsigned trim_timer;

static const char *const kind_names[LAUNCH_KINDS] = {"cold", "warm", "hot"};

const struct process *activity_top(void)
{
	return top;
}

void activity_short_name(const struct profile *profile, struct text *out)
{
	text_add(out, "%s/%s", profile->package, profile->activity);
}

static void trim_cached(void *context);
static void kill_logged(struct process *process, const char *why);

/* What is cached too much is ended from the event loop: whoever calls this may be in the middle of a change. */
static void update_adj(void)
{
	processes_update(top);
	if (!trim_timer)
		trim_timer = timer_start(TRIM_MS, trim_cached, NULL);
}

/* Takes what is on the screen off it. */
static void leave(bool destroy)
{
	struct process *leaving = top;

	top = NULL;
	if (!leaving || !leaving->pid)
		return;
	destroy = destroy || settings_long("global", "always_finish_activities", 0) == 1;
	leaving->activity = destroy && !leaving->profile->home ? ACTIVITY_NONE : ACTIVITY_STOPPED;
	process_send(leaving, leaving->activity == ACTIVITY_NONE ? APP_DESTROY : APP_STOP, 0);
}

static void log_start(const struct process *process)
{
	const struct profile *p = process->profile;

	log_line(LOG_SYSTEM, 'I', "ActivityManager", "Start proc %d:%s/u0a%d for next-top-activity {%s/%s%s}",
		 process->pid, p->package, process_app_id(process), p->package, p->package, p->activity);
	log_line(LOG_EVENTS, 'I', "am_proc_start", "[0,%d,%d,%s,next-top-activity,{%s/%s%s}]", process->pid, p->uid,
		 p->package, p->package, p->package, p->activity);
}

/* Ends the pending launch, if any. Names: ActivityMetricsLogger and LaunchObserver as Perfetto's SQL wants them. */
static void launch_end(struct process *process, long total_ms)
{
	struct launch launch = process->launch;
	char name[64 + PACKAGE_SIZE];

	if (!launch.id)
		return;
	process->launch = (struct launch){0};
	timer_cancel(launch.timer);
	if (total_ms >= 0) {
		snprintf(name, sizeof(name), "launchingActivity#%u:completed-%s:%s", launch.id, kind_names[launch.kind],
			 process->profile->package);
		trace_instant(name);
	}
	snprintf(name, sizeof(name), "launchingActivity#%u", launch.id);
	trace_async_end(name, (int)launch.id);
	trace_begin(total_ms >= 0 ? "MetricsLogger:launchObserverNotifyActivityLaunchFinished"
				  : "MetricsLogger:launchObserverNotifyActivityLaunchCancelled");
	trace_end();
	if (launch.waiter) {
		launch.waiter->left = NULL;
		tell(launch.waiter, process, launch.kind, total_ms);
	}
}

static void log_displayed(const struct process *process, long total_ms)
{
	const struct profile *p = process->profile;
	char seconds[16] = "";

	if (total_ms >= 1000)
		snprintf(seconds, sizeof(seconds), "%lds", total_ms / 1000);
	log_line(LOG_SYSTEM, 'I', "ActivityTaskManager", "Displayed %s/%s: +%s%ldms", p->package, p->activity, seconds,
		 total_ms % 1000);
	log_line(LOG_EVENTS, 'I', "wm_activity_launch_time", "[0,%d,%s/%s,%ld]", process->pid, p->package, p->activity,
		 total_ms);
}

static void boot_completed(void)
{
	char value[STORE_VALUE_SIZE];

	if (!store_get(PROPERTY_DIRECTORY, "sys.boot_completed", value))
		property_set("sys.boot_completed", "1", 0);
}

static void drawn(struct process *process, const struct app_message *frame)
{
	long total_ms;

	if (frame->launch == HOME_FRAME)
		boot_completed();
	if (frame->launch != process->launch.id)
		return; /* a frame of a launch that was given up */
	total_ms = (long)((frame->drawn_ns - process->launch.start_ns) / NS_PER_MS);
	log_displayed(process, total_ms);
	launch_end(process, total_ms);
}

static void launch_too_long(void *context)
{
	struct process *process = context;

	log_line(LOG_SYSTEM, 'W', "ActivityTaskManager", "Activity launch timeout for %s", process->profile->package);
	launch_end(process, -1);
	update_adj();
}

static void waiter_left(struct conn *conn)
{
	struct process *process = conn->waiting_for;

	process->launch.waiter = NULL;
}

static void launch_begin(struct process *process, enum launch_kind kind, struct conn *waiter)
{
	char name[64];

	process->launch = (struct launch){.id = ++launches, .kind = kind, .waiter = waiter};
	trace_begin("MetricsLogger:launchObserverNotifyIntentStarted");
	trace_end();
	snprintf(name, sizeof(name), "launchingActivity#%u", launches);
	process->launch.start_ns = now_ns();
	trace_async_begin(name, (int)launches);
	process->launch.timer = timer_start(LAUNCH_LIMIT_MS, launch_too_long, process);
	if (waiter) {
		waiter->left = waiter_left;
		waiter->waiting_for = process;
	}
}

static void bring_to_screen(struct process *process)
{
	leave(false);
	top = process;
	process->last_use = ++uses;
	process->activity = ACTIVITY_RESUMED;
	update_adj();
}

static bool run_launch(struct process *process, enum launch_kind kind)
{
	static const enum app_order orders[LAUNCH_KINDS] = {APP_BIND, APP_START, APP_RESUME};

	if (kind == LAUNCH_COLD) {
		if (!process_start(process, drawn))
			return false;
		log_start(process);
	}
	bring_to_screen(process);
	process_send(process, orders[kind], process->launch.id);
	return true;
}

static enum launch_kind kind_of(const struct process *process, bool clear)
{
	if (!process->pid)
		return LAUNCH_COLD;
	return clear || process->activity == ACTIVITY_NONE ? LAUNCH_WARM : LAUNCH_HOT;
}

enum start_result activity_start(const struct profile *profile, bool clear, struct conn *waiter, launch_ended *ended)
{
	struct process *process = process_of(profile);
	enum launch_kind kind = kind_of(process, clear);
	bool shown = process->pid && process == top;

	if (shown && !clear)
		return START_DELIVERED_TO_TOP;
	if (shown)
		leave(true);
	tell = ended;
	launch_end(process, -1); /* one that is still on its way gives way */
	launch_begin(process, kind, waiter);
	if (run_launch(process, kind))
		return kind == LAUNCH_HOT ? START_TO_FRONT : START_LAUNCHED;
	process->launch.waiter = NULL;
	if (waiter)
		waiter->left = NULL;
	launch_end(process, -1);
	return START_FAILED;
}

/* The launcher, shown without a launch of its own in the trace: it is what is left when an app leaves. */
static void show_home(void)
{
	for (size_t i = 0; i < profile_count(); i++) {
		struct process *home = process_at(i);

		if (!home->profile->home || home == top)
			continue;
		if (home->pid) {
			bring_to_screen(home);
			process_send(home, APP_SHOW, 0);
		} else if (process_start(home, drawn)) {
			log_start(home);
			bring_to_screen(home);
			process_send(home, APP_BIND, HOME_FRAME);
		}
		return;
	}
}

void activity_boot(void)
{
	show_home();
	if (!top)
		boot_completed(); /* there is no launcher to wait for */
}

static void home_again(void *context)
{
	(void)context;
	if (!top)
		show_home();
}

void activity_home(void)
{
	if (top && top->profile->home)
		return;
	leave(false);
	show_home();
	update_adj();
}

void activity_back(void)
{
	if (!top || top->profile->home)
		return;
	leave(true);
	show_home();
	update_adj();
}

static void gone(struct process *process)
{
	launch_end(process, -1);
	if (top == process) {
		top = NULL;
		if (process->profile->home)
			timer_start(HOME_RESTART_MS, home_again, NULL);
		else
			show_home();
	}
	update_adj();
}

/* OomAdjuster.updateAndTrimProcessLSP (Android 13): more cached processes than CachedProcessLimit are ended, the one used
 * longest ago first. */
static void trim_cached(void *context)
{
	long limit = property_long("persist.device_config.activity_manager.max_cached_processes", MAX_CACHED);
	struct process *last;
	size_t cached;

	(void)context;
	trim_timer = 0;
	while ((last = process_cached_longest(&cached)) && limit >= 0 && cached > (size_t)limit) {
		char why[32];

		snprintf(why, sizeof(why), "cached #%zu", cached);
		kill_logged(last, why);
	}
}

static void kill_logged(struct process *process, const char *why)
{
	const char *package = process->profile->package;

	log_line(LOG_SYSTEM, 'I', "ActivityManager", "Killing %d:%s/u0a%d (adj %d): %s", process->pid, package,
		 process_app_id(process), process->adj, why);
	log_line(LOG_EVENTS, 'I', "am_kill", "[0,%d,%s,%d,%s]", process->pid, package, process->adj, why);
	process_kill(process);
	gone(process);
}

void activity_force_stop(const struct profile *profile, const char *why)
{
	struct process *process = process_of(profile);
	char reason[160];

	log_line(LOG_SYSTEM, 'I', "ActivityManager", "Force stopping %s appid=%d user=0: %s", profile->package,
		 profile->uid, why);
	if (!process->pid)
		return;
	snprintf(reason, sizeof(reason), "stop %.96s due to %.20s", profile->package, why);
	kill_logged(process, reason);
}

void activity_kill_background(const struct profile *profile, const char *why)
{
	for (size_t i = 0; i < profile_count(); i++) {
		struct process *process = process_at(i);

		if ((!profile || process->profile == profile) && process->pid && process != top &&
		    !process->profile->home)
			kill_logged(process, why);
	}
}

void activity_process_died(pid_t pid)
{
	struct process *process = process_with_pid(pid);
	const char *package;

	if (!process)
		return; /* killed by us, and forgotten */
	package = process->profile->package;
	log_line(LOG_SYSTEM, 'I', "ActivityManager", "Process %s (pid %d) has died: %s", package, pid,
		 process->adj >= CACHED_APP_MIN_ADJ ? "cch  CRE"
		 : process == top                   ? "fg  TOP"
						    : "prev LAST");
	log_line(LOG_EVENTS, 'I', "am_proc_died", "[0,%d,%s,%d]", pid, package, process->adj);
	process_forget(process);
	freezer_leave(process->profile, pid);
	gone(process);
}
