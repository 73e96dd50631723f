// SPDX-License-Identifier: Apache-2.0
/* Slice and thread names are those Perfetto's android.startup and android.frames SQL looks for; see README.md. */
#include "app.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appmemory.h"
#include "log.h"
#include "trace.h"

enum { LAYOUT_SHARE = 10, DRAW_SHARE = 20 }; /* % of a launch's CPU work done in doFrame and in DrawFrame */

struct app {
	struct app_memory memory;
	int fd;
	bool visible;
	/* the frame handed to RenderThread */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool frame_wanted, frame_taken;
	struct app_message frame;
	long draw_rounds;
};

/* Takes the frame over (the main thread may go on: syncFrameState on a phone), draws it, tells system_server. */
static void draw_frame(struct app *app)
{
	struct app_message drawn;
	long rounds;

	trace_begin("DrawFrame");
	pthread_mutex_lock(&app->lock);
	drawn = app->frame;
	rounds = app->draw_rounds;
	app->frame_wanted = false;
	app->frame_taken = true;
	pthread_cond_signal(&app->changed);
	pthread_mutex_unlock(&app->lock);
	burn_cpu(rounds);
	trace_end();
	drawn.drawn_ns = now_ns();
	if (drawn.launch)
		send(app->fd, &drawn, sizeof(drawn), MSG_NOSIGNAL);
}

static void *render_thread(void *argument)
{
	struct app *app = argument;

	prctl(PR_SET_NAME, "RenderThread");
	for (;;) {
		pthread_mutex_lock(&app->lock);
		while (!app->frame_wanted)
			pthread_cond_wait(&app->changed, &app->lock);
		pthread_mutex_unlock(&app->lock);
		draw_frame(app);
	}
	return NULL;
}

static void do_frame(struct app *app, const struct app_message *order, long rounds)
{
	trace_begin("Choreographer#doFrame");
	burn_cpu(rounds * LAYOUT_SHARE / 100);
	pthread_mutex_lock(&app->lock);
	app->frame = *order;
	app->draw_rounds = rounds * DRAW_SHARE / 100;
	app->frame_wanted = true;
	app->frame_taken = false;
	pthread_cond_broadcast(&app->changed);
	while (!app->frame_taken)
		pthread_cond_wait(&app->changed, &app->lock);
	pthread_mutex_unlock(&app->lock);
	trace_end();
}

static void bind_application(struct app *app)
{
	trace_begin("bindApplication");
	memory_read_files(&app->memory, app->memory.profile->work[LAUNCH_COLD].read_percent);
	trace_end();
}

/* RuntimeInit.java: KillApplicationHandler tells, then kills its own process. */
static _Noreturn void crash(const struct profile *profile)
{
	log_line(LOG_CRASH, 'E', "AndroidRuntime", "FATAL EXCEPTION: main");
	log_line(LOG_CRASH, 'E', "AndroidRuntime", "Process: %s, PID: %d", profile->package, getpid());
	log_line(LOG_CRASH, 'E', "AndroidRuntime",
		 "java.lang.RuntimeException: Unable to start activity ComponentInfo{%s/%s%s}", profile->package,
		 profile->package, profile->activity);
	kill(getpid(), SIGKILL);
	_exit(10);
}

static void start_activity(struct app *app, enum launch_kind kind)
{
	const struct work *work = &app->memory.profile->work[kind];

	trace_begin("activityStart");
	if (kind == LAUNCH_COLD) {
		memory_fill(&app->memory);
		usleep((useconds_t)app->memory.profile->slow_ms * 1000);
		if (app->memory.profile->crashes)
			crash(app->memory.profile);
	} else {
		memory_read_files(&app->memory, work->read_percent);
		memory_touch(&app->memory, work->touch_percent);
	}
	trace_end();
}

static void resume_activity(struct app *app, enum launch_kind kind)
{
	const struct work *work = &app->memory.profile->work[kind];

	trace_begin("activityResume");
	if (kind == LAUNCH_HOT) {
		memory_read_files(&app->memory, work->read_percent);
		memory_touch(&app->memory, work->touch_percent);
	}
	memory_refill(&app->memory);
	burn_cpu(work->rounds * (100 - LAYOUT_SHARE - DRAW_SHARE) / 100);
	trace_end();
}

static void launch(struct app *app, const struct app_message *order, enum launch_kind kind)
{
	if (kind == LAUNCH_COLD)
		bind_application(app);
	if (kind != LAUNCH_HOT)
		start_activity(app, kind);
	resume_activity(app, kind);
	do_frame(app, order, app->memory.profile->work[kind].rounds);
	app->visible = true;
}

static void leave_screen(struct app *app, bool destroy)
{
	trace_begin(destroy ? "activityDestroy" : "activityStop");
	memory_trim(&app->memory);
	trace_end();
	app->visible = false;
}

static void obey(struct app *app, const struct app_message *order)
{
	switch (order->order) {
	case APP_BIND:
		launch(app, order, LAUNCH_COLD);
		break;
	case APP_START:
		launch(app, order, LAUNCH_WARM);
		break;
	case APP_RESUME:
		launch(app, order, LAUNCH_HOT);
		break;
	case APP_SHOW:
		memory_touch(&app->memory, app->memory.profile->work[LAUNCH_HOT].touch_percent);
		memory_refill(&app->memory);
		app->visible = true;
		break;
	case APP_STOP:
	case APP_DESTROY:
		leave_screen(app, order->order == APP_DESTROY);
		break;
	}
}

/* Waits for an order; meanwhile an app with background work does it. */
static void wait_or_work(struct app *app)
{
	const struct profile *profile = app->memory.profile;
	bool works = !app->visible && profile->background_seconds;
	struct pollfd poll_fd = {.fd = app->fd, .events = POLLIN};
	bool dies = !app->visible && profile->dies_seconds;
	long seconds = dies ? profile->dies_seconds : profile->background_seconds;
	struct app_message order;

	if (poll(&poll_fd, 1, works || dies ? (int)seconds * 1000 : -1) == 0) {
		if (dies)
			_exit(0); /* as System.exit does */
		memory_touch_some(&app->memory, profile->background_touch);
		return;
	}
	if (recv(app->fd, &order, sizeof(order), 0) != sizeof(order))
		_exit(0); /* system_server is gone */
	obey(app, &order);
}

_Noreturn void app_run(const struct profile *profile, int fd)
{
	struct app *app = calloc(1, sizeof(*app));
	pthread_t thread;

	if (!app)
		_exit(1);
	app->fd = fd;
	pthread_mutex_init(&app->lock, NULL);
	pthread_cond_init(&app->changed, NULL);
	memory_open(&app->memory, profile);
	if (pthread_create(&thread, NULL, render_thread, app) != 0) {
		log_line(LOG_CRASH, 'F', profile->package, "no RenderThread");
		_exit(1);
	}
	for (;;)
		wait_or_work(app);
}
