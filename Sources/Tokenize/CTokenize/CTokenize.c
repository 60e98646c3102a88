#include "CTokenize.h"

#include <string.h>

typedef uint8_t bytes64 __attribute__((ext_vector_type(64)));
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

// The thread sanitizer would be called while clones are chosen, before it is ready.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif
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
