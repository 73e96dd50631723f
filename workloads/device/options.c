// SPDX-License-Identifier: Apache-2.0
/* Reads the command line of `pressure`. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "pages.h"

enum { LEAST_RETOUCH = 65536 };

static const char USAGE[] =
	"usage: pressure --bytes N --report FILE [--processes 1..64] [--rate BYTES/S] [--at-once BYTES]\n"
	"                [--compressible 0..1] [--same-filled 0..1] [--incompressible 0..1]\n"
	"                [--hot 0..1 --retouch BYTES/S] [--file FILE --file-share 0..1] [--cpus 0..64]\n"
	"                [--hold S [--hold-available BYTES]] [--stop-file FILE] [--release-file FILE]\n"
	"                [--progress FILE] [--seed N] [--check-stride N]\n"
	"       pressure ... --prepare   makes the file that --file names, nothing else\n"
	"       pressure ... --dump      writes the first eater's anonymous pages to standard output, nothing else\n";

static void refuse(const char *why)
{
	fprintf(stderr, "pressure: %s\n%s", why, USAGE);
	exit(2);
}

static uint64_t number(const char *text, const char *name)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-') {
		fprintf(stderr, "pressure: --%s takes a whole number, not '%s'\n", name, text);
		exit(2);
	}
	return value;
}

static double real(const char *text, const char *name, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0) || value > most) {
		fprintf(stderr, "pressure: --%s takes a number from 0 to %g, not '%s'\n", name, most, text);
		exit(2);
	}
	return value;
}

static void take(struct options *o, int option, const char *name)
{
	switch (option) {
	case 'p': o->processes = (unsigned)number(optarg, name); break;
	case 'b': o->bytes = number(optarg, name); break;
	case 'r': o->rate = number(optarg, name); break;
	case 'a': o->at_once = number(optarg, name); break;
	case 'c': o->compressible = real(optarg, name, 1); break;
	case 'f': o->same_filled = real(optarg, name, 1); break;
	case 'i': o->incompressible = real(optarg, name, 1); break;
	case 't': o->hot = real(optarg, name, 1); break;
	case 'e': o->retouch = number(optarg, name); break;
	case 'F': o->file = optarg; break;
	case 'S': o->file_share = real(optarg, name, 1); break;
	case 'u': o->cpus = (unsigned)number(optarg, name); break;
	case 'h': o->hold_s = real(optarg, name, 86400); break;
	case 'H': o->hold_available = number(optarg, name); break;
	case 's': o->seed = number(optarg, name); break;
	case 'k': o->check_stride = (unsigned)number(optarg, name); break;
	case 'o': o->report = optarg; break;
	case 'g': o->progress = optarg; break;
	case 'x': o->stop_file = optarg; break;
	case 'l': o->release_file = optarg; break;
	case 'P': o->prepare = 1; break;
	case 'D': o->dump = 1; break;
	default: fputs(USAGE, stderr); exit(2);
	}
}

static void check(const struct options *o)
{
	if (o->processes < 1 || o->processes > MAX_PROCESSES)
		refuse("--processes takes 1 to 64");
	if (o->bytes < PAGE_BYTES)
		refuse("--bytes takes 4096 or more");
	if (o->bytes / PAGE_BYTES > SIZE_MAX / PAGE_BYTES)
		refuse("--bytes is more than a process of this ABI can hold");
	if (!o->report && !o->prepare && !o->dump)
		refuse("--report is missing");
	if (o->same_filled + o->incompressible > 1 + 1e-9)
		refuse("--same-filled and --incompressible are more than all pages together");
	if (o->retouch && o->hot <= 0)
		refuse("--retouch needs --hot, the share that is touched again");
	if (o->retouch && o->retouch < LEAST_RETOUCH)
		refuse("--retouch takes 65536 or more: slower, it would sleep through the end");
	if ((o->file_share > 0 || o->prepare) && !o->file)
		refuse("--file-share and --prepare need --file");
	if (o->hold_available && o->hold_s <= 0)
		refuse("--hold-available needs --hold, the seconds after which it ends at the latest");
	if (o->cpus > MAX_CPUS)
		refuse("--cpus takes 0 to 64");
}

struct options read_options(int argc, char **argv)
{
	static const struct option known[] = {
		{"processes", 1, NULL, 'p'}, {"bytes", 1, NULL, 'b'}, {"rate", 1, NULL, 'r'},
		{"at-once", 1, NULL, 'a'}, {"compressible", 1, NULL, 'c'}, {"same-filled", 1, NULL, 'f'},
		{"incompressible", 1, NULL, 'i'}, {"hot", 1, NULL, 't'}, {"retouch", 1, NULL, 'e'},
		{"file", 1, NULL, 'F'}, {"file-share", 1, NULL, 'S'}, {"cpus", 1, NULL, 'u'},
		{"hold", 1, NULL, 'h'}, {"hold-available", 1, NULL, 'H'}, {"seed", 1, NULL, 's'}, {"check-stride", 1, NULL, 'k'},
		{"report", 1, NULL, 'o'}, {"progress", 1, NULL, 'g'}, {"stop-file", 1, NULL, 'x'},
		{"release-file", 1, NULL, 'l'},
		{"prepare", 0, NULL, 'P'}, {"dump", 0, NULL, 'D'}, {0},
	};
	struct options o = {.processes = 1, .compressible = 0.5, .seed = 1, .check_stride = 1};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", known, &index)) != -1)
		take(&o, option, option == '?' ? "" : known[index].name);
	if (optind != argc)
		refuse("takes options only");
	check(&o);
	return o;
}

uint64_t pages_of(const struct options *o)
{
	return o->bytes / PAGE_BYTES;
}

uint64_t file_pages_of(const struct options *o)
{
	return (uint64_t)((double)pages_of(o) * o->file_share + 0.5);
}
