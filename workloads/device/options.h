// SPDX-License-Identifier: Apache-2.0
/* What `pressure` is told on its command line. */
#ifndef RECLAIM_OPTIONS_H
#define RECLAIM_OPTIONS_H

#include <stdint.h>

enum { MAX_PROCESSES = 64, MAX_CPUS = 64 };

struct options {
	unsigned processes;
	uint64_t bytes;        /* each */
	uint64_t rate;         /* bytes/s each; 0: as fast as it goes */
	uint64_t at_once;      /* bytes each that come before any pace */
	double compressible;   /* share of a page, 0..1 */
	double same_filled;    /* share of the anonymous pages that are one byte throughout */
	double incompressible; /* share of the anonymous pages that are noise throughout */
	double hot;            /* share of the anonymous memory that is touched again and again */
	uint64_t retouch;      /* bytes/s each of that; 0: none */
	double file_share;     /* share of the bytes that are pages of a file, read */
	const char *file;      /* that file; made when it is not there */
	unsigned cpus;         /* processors kept busy */
	double hold_s;         /* after filling, unless the stop file comes first */
	uint64_t hold_available; /* bytes: memory is taken whenever more than this is available; 0: not so */
	uint64_t seed;
	unsigned check_stride; /* every Nth page is checked; 0: none */
	const char *report;
	const char *progress;  /* NULL: none */
	const char *stop_file; /* ends the hold; NULL: hold_s alone decides */
	const char *release_file; /* ends the hold, no page is checked */
	int prepare;           /* only make the file */
	int dump;              /* only write the first eater's anonymous pages to standard output */
};

/* Ends the program with status 2 and a line that says why when they make no sense. */
struct options read_options(int argc, char **argv);

/* Pages of each eater: in all, and those that are pages of the file. */
uint64_t pages_of(const struct options *o);
uint64_t file_pages_of(const struct options *o);

#endif
