// SPDX-License-Identifier: Apache-2.0
/* Pages of known content and chosen compressibility. */
#ifndef RECLAIM_PAGES_H
#define RECLAIM_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* A run of 16 pages is of one kind, so that a kernel page of 16 or 64 KiB is, too. */
enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / 8, RUN_SHIFT = 4 };

enum page_kind {
	PAGE_MIXED, /* noise, which no compressor shrinks, then one word again and again, which shrinks to next to nothing */
	PAGE_NOISE, /* noise throughout */
	PAGE_SAME,  /* one byte throughout: zram keeps no data for it (its same_pages) */
};

/*
 * Every mixed page has at most this share of noise. zram stores a page that shrinks to more than about 3.2 kB of 4 whole
 * (zs_huge_class_size in mm/zsmalloc.c), so a poorer ratio is made of mixed pages and pages of noise, as it is on phones.
 */
#define MOST_NOISE (2.0 / 3)

/*
 * The word that a mixed page repeats differs from page to page, so zram's same-filled path never takes it. Kinds are
 * dealt by multiples of the golden ratio, which spread evenly: any stretch of memory holds nearly the shares asked for.
 */
struct page_maker {
	uint64_t seed;
	unsigned noise_words; /* of a mixed page */
	uint64_t same_below;  /* of 2^32 */
	uint64_t noise_below; /* of 2^32, those above same_below */
};

/* Shares 0..1: of a page that shrinks; of the pages, those that are one byte, and those that are noise. */
static inline struct page_maker page_maker(uint64_t seed, double compressible, double same_filled, double incompressible)
{
	double noise = 1.0 - compressible, mixed = 1.0 - same_filled - incompressible;
	double whole = noise > MOST_NOISE ? (noise - MOST_NOISE) / (1.0 - MOST_NOISE) : 0.0;
	unsigned words = (unsigned)((noise > MOST_NOISE ? MOST_NOISE : noise) * PAGE_WORDS + 0.5);

	return (struct page_maker){
		.seed = seed,
		.noise_words = words ? words : 1,
		.same_below = (uint64_t)(same_filled * 4294967296.0),
		.noise_below = (uint64_t)((same_filled + incompressible + mixed * whole) * 4294967296.0 + 0.5),
	};
}

static inline enum page_kind page_kind(const struct page_maker *maker, uint64_t page)
{
	uint32_t turn = (uint32_t)((page >> RUN_SHIFT) * 2654435769u); /* 2^32 / golden ratio */

	if (turn < maker->same_below)
		return PAGE_SAME;
	return turn < maker->noise_below ? PAGE_NOISE : PAGE_MIXED;
}

/* splitmix64 (Steele, Lea, Flood 2014): every page starts from a well-mixed state of its own. */
static inline uint64_t page_mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* What a page holds: so many words of noise from a state, then one word. */
struct page_content {
	uint64_t state;
	unsigned noise_words;
	uint64_t word;
};

static inline struct page_content page_content(const struct page_maker *maker, uint64_t page)
{
	struct page_content content = {.state = maker->seed * 0xd1342543de82ef95u + page, .word = page};

	switch (page_kind(maker, page)) {
	case PAGE_SAME:
		content.word = (1 + (page >> RUN_SHIFT) % 255) * 0x0101010101010101u;
		break;
	case PAGE_NOISE:
		content.noise_words = PAGE_WORDS;
		break;
	case PAGE_MIXED:
		content.noise_words = maker->noise_words;
		break;
	}
	return content;
}

static inline void page_write(const struct page_maker *maker, uint64_t page, unsigned char *where)
{
	struct page_content content = page_content(maker, page);
	uint64_t *word = (uint64_t *)(void *)where;

	for (unsigned i = 0; i < content.noise_words; i++)
		word[i] = page_mix(&content.state);
	for (unsigned i = content.noise_words; i < PAGE_WORDS; i++)
		word[i] = content.word;
}

static inline bool page_matches(const struct page_maker *maker, uint64_t page, const unsigned char *where)
{
	struct page_content content = page_content(maker, page);
	const uint64_t *word = (const uint64_t *)(const void *)where;

	for (unsigned i = 0; i < content.noise_words; i++)
		if (word[i] != page_mix(&content.state))
			return false;
	for (unsigned i = content.noise_words; i < PAGE_WORDS; i++)
		if (word[i] != content.word)
			return false;
	return true;
}

#endif
