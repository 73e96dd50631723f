// SPDX-License-Identifier: Apache-2.0
#include "profile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

enum { PROFILE_MIB = 768, STEP_MIB = 128 };

static struct profile profiles[MAX_PROFILES];
static size_t count;

static bool parse_file(struct profile *p, const char *values)
{
	struct profile_file *file = &p->files[p->file_count];

	if (p->file_count == MAX_FILES || sscanf(values, "%63s %ld", file->name, &file->bytes) != 2 ||
	    strchr(file->name, '/') || file->bytes <= 0)
		return false;
	p->file_count++;
	return true;
}

static bool parse_work(struct work *work, const char *values)
{
	char touch[16];

	if (sscanf(values, "%ld %15s %ld", &work->read_percent, touch, &work->rounds) != 3)
		return false;
	if (strcmp(touch, "-") == 0)
		work->touch_percent = 100;
	else if (!parse_number(touch, 0, 100, &work->touch_percent))
		return false;
	return work->read_percent >= 0 && work->read_percent <= 100 && work->rounds >= 0;
}

static bool parse_anon(struct profile *p, const char *values)
{
	return sscanf(values, "%ld %lf", &p->anon_bytes, &p->compressible) == 2 && p->anon_bytes > 0 &&
	       p->compressible >= 0 && p->compressible <= 1;
}

static bool parse_background(struct profile *p, const char *values)
{
	return sscanf(values, "%ld %ld", &p->background_seconds, &p->background_touch) == 2 &&
	       p->background_seconds > 0 && p->background_touch >= 0 && p->background_touch <= 100;
}

static bool parse_package(struct profile *p, const char *values)
{
	return sscanf(values, "%95s", p->package) == 1;
}

static bool parse_label(struct profile *p, const char *values)
{
	return sscanf(values, "%63[^\n]", p->label) == 1;
}

static bool parse_activity(struct profile *p, const char *values)
{
	return sscanf(values, "%63s", p->activity) == 1 && p->activity[0] == '.';
}

static bool parse_version(struct profile *p, const char *values)
{
	return sscanf(values, "%31s %ld", p->version_name, &p->version_code) == 2;
}

static bool parse_role(struct profile *p, const char *values)
{
	p->home = strcmp(values, "home") == 0;
	p->unlisted = strcmp(values, "unlisted") == 0;
	return p->home || p->unlisted;
}

static bool parse_trim(struct profile *p, const char *values)
{
	return parse_number(values, 0, 100, &p->trim_percent);
}

static bool parse_slow(struct profile *p, const char *values)
{
	return parse_number(values, 1, 60000, &p->slow_ms);
}

static bool parse_dies(struct profile *p, const char *values)
{
	return parse_number(values, 1, 86400, &p->dies_seconds);
}

static bool parse_crash(struct profile *p, const char *values)
{
	p->crashes = values[0] == '\0';
	return p->crashes;
}

static bool parse_cold(struct profile *p, const char *values)
{
	return parse_work(&p->work[LAUNCH_COLD], values);
}

static bool parse_warm(struct profile *p, const char *values)
{
	return parse_work(&p->work[LAUNCH_WARM], values);
}

static bool parse_hot(struct profile *p, const char *values)
{
	return parse_work(&p->work[LAUNCH_HOT], values);
}

static bool parse_line(struct profile *p, const char *keyword, const char *values)
{
	static const struct {
		const char *keyword;
		bool (*parse)(struct profile *p, const char *values);
	} keywords[] = {
		{"package", parse_package}, {"label", parse_label}, {"activity", parse_activity},
		{"version", parse_version}, {"role", parse_role},   {"file", parse_file},
		{"anon", parse_anon},       {"cold", parse_cold},   {"warm", parse_warm},
		{"hot", parse_hot},         {"trim", parse_trim},   {"background", parse_background},
		{"slow", parse_slow},       {"dies", parse_dies},   {"crash", parse_crash},
	};

	for (size_t i = 0; i < LENGTH(keywords); i++) {
		if (strcmp(keywords[i].keyword, keyword) == 0)
			return keywords[i].parse(p, values);
	}
	return false;
}

static bool parse_profile(struct profile *p, char *text, const char *name)
{
	char *line;

	for (int number = 1; (line = strsep(&text, "\n")); number++) {
		size_t length = strcspn(line, " ");
		char keyword[32];

		if (line[0] == '\0' || line[0] == '#')
			continue;
		snprintf(keyword, sizeof(keyword), "%.*s", (int)length, line);
		if (!parse_line(p, keyword, line + length + (line[length] == ' '))) {
			log_line(LOG_SYSTEM, 'E', "PackageManager", "%s:%d: not understood: %s", name, number, line);
			return false;
		}
	}
	if (!p->package[0] || !p->activity[0] || !p->anon_bytes) {
		log_line(LOG_SYSTEM, 'E', "PackageManager", "%s: needs package, activity and anon", name);
		return false;
	}
	return true;
}

/* The guest's memory, in steps of 128 MiB: the kernel keeps some of what QEMU gives for itself. */
static long memory_mib(void)
{
	char text[1024], path[PATH_SIZE];
	const char *total = read_file("/proc/meminfo", text, sizeof(text)) > 0 ? strstr(text, "MemTotal:") : NULL;
	long mib = total ? strtol(total + strlen("MemTotal:"), NULL, 10) / 1024 : 0;

	if (mib == 0 || rooted(path, "/")[1]) /* in a scratch directory of some computer */
		return PROFILE_MIB;
	return (mib + STEP_MIB - 1) / STEP_MIB * STEP_MIB;
}

static void load_one(const char *name)
{
	struct profile *p = &profiles[count];
	char path[PATH_SIZE], text[8192];

	snprintf(path, sizeof(path), PROFILE_DIRECTORY "/%.200s", name);
	*p = (struct profile){.uid = FIRST_APP_UID + (int)count, .version_name = "1.0", .version_code = 1};
	if (read_file(rooted((char[PATH_SIZE]){0}, path), text, sizeof(text)) <= 0 || !parse_profile(p, text, name))
		return;
	p->anon_bytes = p->anon_bytes / PROFILE_MIB * memory_mib();
	count++;
}

static int is_profile(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 8 && strcmp(entry->d_name + length - 8, ".profile") == 0;
}

size_t profiles_load(void)
{
	char path[PATH_SIZE];
	struct dirent **entries;
	int found = scandir(rooted(path, PROFILE_DIRECTORY), &entries, is_profile, alphasort);

	count = 0;
	for (int i = 0; i < found; i++) {
		if (count < MAX_PROFILES)
			load_one(entries[i]->d_name);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return count;
}

size_t profile_count(void)
{
	return count;
}

const struct profile *profile_at(size_t index)
{
	return &profiles[index];
}

const struct profile *profile_of_package(const char *package)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(profiles[i].package, package) == 0)
			return &profiles[i];
	}
	return NULL;
}
