/* SPDX-License-Identifier: Apache-2.0 */
/* What an app does to memory: writes half-compressible pages, touches them again, gives them back, reads its files. */
#ifndef RECLAIM_APPMEMORY_H
#define RECLAIM_APPMEMORY_H

#include "profile.h"

struct app_memory {
	const struct profile *profile;
	unsigned char *anon;
	struct mapped_file {
		const unsigned char *bytes;
		size_t length;
	} files[MAX_FILES];
	uint64_t random;      /* state of the page content */
	size_t trimmed_pages; /* at the end of anon, to be written again */
	size_t next_touch;    /* where the background's touches go on */
};

void memory_open(struct app_memory *memory, const struct profile *profile);
void memory_fill(struct app_memory *memory);
void memory_refill(struct app_memory *memory); /* what trim gave back */
void memory_touch(struct app_memory *memory, long percent);
void memory_touch_some(struct app_memory *memory, long percent);
void memory_trim(struct app_memory *memory);
void memory_read_files(const struct app_memory *memory, long percent);
void burn_cpu(long thousand_rounds);

#endif
