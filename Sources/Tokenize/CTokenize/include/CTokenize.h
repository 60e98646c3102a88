// Two things Swift cannot say: comparing 64 bytes at a time with the widest instructions the
// processor has, and asking for a cache line ahead of its use.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What 64 bytes of text are, a bit a byte, the first byte in the lowest bit.
typedef struct {
  uint64_t letters;
  uint64_t digits;
  uint64_t white_space;
  uint64_t spaces;
  uint64_t apostrophes;
  uint64_t beyond_ascii;
} ctok_masks;

/// Describes `blocks` times 64 bytes of text.
void ctok_describe(const uint8_t *text, size_t blocks, ctok_masks *masks);

/// Two neighbouring bytes to look for; where `mask` is 0 the second may be any, and `second` is 0.
typedef struct {
  uint8_t first;
  uint8_t second;
  uint8_t mask;
} ctok_pair;

/// The offset of the first of some pairs, or `count`; past the end of the text is a zero byte.
size_t ctok_find_pair(const uint8_t *text, size_t count, const ctok_pair *pairs, size_t pair_count);

static inline void ctok_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
