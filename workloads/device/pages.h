// SPDX-License-Identifier: Apache-2.0
/* Pages of known content and chosen compressibility. */
#ifndef RECLAIM_PAGES_H
#define RECLAIM_PAGES_H

#include <stdbool.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / 8 };

/*
 * The first words of a page are noise, which no compressor shrinks; the rest repeats one word, which every compressor
 * shrinks to next to nothing. The word differs from page to page, so zram's same-filled path never takes the page.
 */
struct page_maker {
	uint64_t seed;
	unsigned noise_words;
};

static inline struct page_maker page_maker(uint64_t seed, double compressible)
{
	unsigned noise = (unsigned)((1.0 - compressible) * PAGE_WORDS + 0.5);

	return (struct page_maker){.seed = seed, .noise_words = noise ? noise : 1};
}

/* splitmix64 (Steele, Lea, Flood 2014): every page starts from a well-mixed state of its own. */
static inline uint64_t page_mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint64_t page_state(const struct page_maker *maker, uint64_t page)
{
	return maker->seed * 0xd1342543de82ef95u + page;
}

static inline void page_write(const struct page_maker *maker, uint64_t page, unsigned char *where)
{
	uint64_t *word = (uint64_t *)(void *)where, state = page_state(maker, page);

	for (unsigned i = 0; i < maker->noise_words; i++)
		word[i] = page_mix(&state);
	for (unsigned i = maker->noise_words; i < PAGE_WORDS; i++)
		word[i] = page;
}

static inline bool page_matches(const struct page_maker *maker, uint64_t page, const unsigned char *where)
{
	const uint64_t *word = (const uint64_t *)(const void *)where;
	uint64_t state = page_state(maker, page);

	for (unsigned i = 0; i < maker->noise_words; i++)
		if (word[i] != page_mix(&state))
			return false;
	for (unsigned i = maker->noise_words; i < PAGE_WORDS; i++)
		if (word[i] != page)
			return false;
	return true;
}

#endif
