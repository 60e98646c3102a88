// What the kernels share: clones, blocks of rows in single precision, eˣ.
#pragma once

#include <math.h>
#include <string.h>

#include "CTrain.h"

// The thread sanitizer would be called while clones are chosen, before it is ready.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define CTR_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CTR_CLONES
#endif

// Inlined everywhere, so that it is compiled for the processor of the clone that uses it.
#define CTR_INLINE static inline __attribute__((always_inline))

// A loop whose iterations do not depend on each other, though inputs and outputs may be the same.
#define CTR_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

// Numbers that are converted at a time: small enough for the first cache.
#define CTR_BLOCK 512

#define CTR_EACH_BLOCK(start, size, count)                                                  \
  for (size_t start = 0, size = 0; start < (count); start += size)                          \
    if ((size = (count) - start < CTR_BLOCK ? (count) - start : CTR_BLOCK), 1)

// May lie over numbers of another type, when results are stored where the inputs were, and at odd
// places of files.
typedef uint16_t __attribute__((may_alias, aligned(1))) ctr_bits16;
typedef _Float16 __attribute__((may_alias, aligned(1))) ctr_half;

CTR_INLINE float ctr_float_of_bits(uint32_t bits) {
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

CTR_INLINE uint32_t ctr_bits_of_float(float number) {
  uint32_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

CTR_INLINE uint16_t ctr_bfloat16(float number) {
  uint32_t bits = ctr_bits_of_float(number);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? (uint16_t)((bits >> 16) | 0x40) : (uint16_t)rounded;
}

CTR_INLINE size_t ctr_least(size_t a, size_t b) { return a < b ? a : b; }

CTR_INLINE size_t ctr_byte_count(ctr_type type) { return type == CTR_FLOAT32 ? 4 : 2; }

CTR_INLINE const void *ctr_at(ctr_type type, const void *numbers, size_t index) {
  return (const char *)numbers + index * ctr_byte_count(type);
}

CTR_INLINE void *ctr_place(ctr_type type, void *numbers, size_t index) {
  return (char *)numbers + index * ctr_byte_count(type);
}

/// Numbers from `start` on in single precision: where they are, or converted into `block`.
CTR_INLINE const float *ctr_load(ctr_type type, const void *numbers, size_t start, size_t count,
                                 float *block) {
  if (type == CTR_FLOAT32) return (const float *)numbers + start;
  if (type == CTR_BFLOAT16) {
    const ctr_bits16 *source = (const ctr_bits16 *)numbers + start;
    for (size_t i = 0; i < count; i++) block[i] = ctr_float_of_bits((uint32_t)source[i] << 16);
  } else {
    const ctr_half *source = (const ctr_half *)numbers + start;
    for (size_t i = 0; i < count; i++) block[i] = (float)source[i];
  }
  return block;
}

/// Where to write numbers from `start` on before ctr_store: in place, or into `block`.
CTR_INLINE float *ctr_open(ctr_type type, void *numbers, size_t start, float *block) {
  return type == CTR_FLOAT32 ? (float *)numbers + start : block;
}

CTR_INLINE void ctr_store(ctr_type type, void *numbers, size_t start, size_t count,
                          const float *block) {
  if (type == CTR_BFLOAT16) {
    ctr_bits16 *target = (ctr_bits16 *)numbers + start;
    for (size_t i = 0; i < count; i++) target[i] = ctr_bfloat16(block[i]);
  } else if (type == CTR_FLOAT16) {
    ctr_half *target = (ctr_half *)numbers + start;
    for (size_t i = 0; i < count; i++) target[i] = (ctr_half)block[i];
  }
}

/// eˣ to about one unit in the last place, for x up to 88.3; below −87.3 it stays at its least
/// value. The polynomial is that of the Cephes library.
CTR_INLINE float ctr_exp(float x) {
  x = x < -87.3f ? -87.3f : x;
  x = x > 88.3f ? 88.3f : x;
  // Adding and subtracting 1.5 · 2²³ rounds to a whole number.
  float whole = (x * 1.44269504088896f + 12582912.0f) - 12582912.0f;
  float r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  // A NaN goes through the polynomial; its whole part may be anything.
  int32_t power = whole == whole ? (int32_t)whole : 0;
  return p * ctr_float_of_bits((uint32_t)(power + 127) << 23);
}

#define CTR_LARGER(a, b) ((a) > (b) ? (a) : (b))

/// The largest number; NaNs count as none.
///
/// In vectors by hand: as NaNs make the order count, a compiler compares one number after the other.
CTR_INLINE float ctr_most(const float *x, size_t count) {
  typedef float __attribute__((ext_vector_type(16))) lanes16;
  typedef float __attribute__((ext_vector_type(8))) lanes8;
  typedef float __attribute__((ext_vector_type(4))) lanes4;
  lanes16 most = -INFINITY, others = -INFINITY, next[2];
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    memcpy(next, x + i, sizeof next);
    most = CTR_LARGER(next[0], most);
    others = CTR_LARGER(next[1], others);
  }
  most = CTR_LARGER(others, most);
  lanes8 eight = CTR_LARGER(most.lo, most.hi);
  lanes4 four = CTR_LARGER(eight.lo, eight.hi);
  float left = CTR_LARGER(four.x, four.y), right = CTR_LARGER(four.z, four.w);
  float largest = CTR_LARGER(left, right);
  for (; i < count; i++) largest = CTR_LARGER(x[i], largest);
  return largest;
}
