#define _GNU_SOURCE
#include "Kernels.h"

#include <sys/mman.h>

bool ctok_move_pages(void *memory, size_t count, void *target, size_t larger) {
  return mremap(memory, count, larger, MREMAP_MAYMOVE | MREMAP_FIXED, target) != MAP_FAILED;
}

typedef _Bool bits64 __attribute__((ext_vector_type(64)));

// Macros, since a vector this wide has no calling convention every processor shares.

// One bit for each byte of a vector of truths (0 or 0xff).
#define MASK(truths)                                                     \
  ({                                                                     \
    bits64 bits = __builtin_convertvector((bytes64)(truths) & 1, bits64); \
    uint64_t mask;                                                       \
    memcpy(&mask, &bits, sizeof mask);                                   \
    mask;                                                                \
  })

// Whether low <= byte < low + count: one subtraction and one comparison of unsigned bytes.
#define WITHIN(bytes, low, count) ((bytes64)((bytes) - (low)) < (count))

CTOK_CLONES
void ctok_describe(const uint8_t *text, size_t blocks, ctok_masks *masks) {
  for (size_t block = 0; block < blocks; block++) {
    bytes64 bytes;
    memcpy(&bytes, text + 64 * block, sizeof bytes);
    masks[block].letters = MASK(WITHIN(bytes | 0x20, 'a', 26));
    masks[block].digits = MASK(WITHIN(bytes, '0', 10));
    masks[block].spaces = MASK(bytes == ' ');
    masks[block].white_space = masks[block].spaces | MASK(WITHIN(bytes, 9, 5));
    masks[block].apostrophes = MASK(bytes == '\'');
    masks[block].beyond_ascii = MASK(bytes >= 0x80);
  }
}

CTOK_CLONES
size_t ctok_collect(const uint64_t *bits, size_t blocks, uint16_t *numbers) {
  uint16_t *next = numbers;
  for (size_t block = 0; block < blocks; block++) {
    uint64_t rest = bits[block];
    uint16_t base = (uint16_t)(block * 64);
    uint16_t *end = next + __builtin_popcountll(rest);
    // Eight at a time, whether there are so many or not: how many there are is hard to foresee.
    do {
      for (int index = 0; index < 8; index++) {
        next[index] = (uint16_t)(base + __builtin_ctzg(rest, 64));
        rest &= rest - 1;
      }
      next += 8;
    } while (next < end);
    next = end;
  }
  return (size_t)(next - numbers);
}
