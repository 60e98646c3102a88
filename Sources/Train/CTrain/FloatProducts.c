// Factors are converted to float32 and copied into the order in which a tile of the target reads them:
// the right one in panels of 64 columns, of which each strip of 16 lies together; the left one in
// tiles of 6 rows. 6 × 16 sums then stay in registers over a piece of the depth: see Goto and van de
// Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
#include "Kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FLOATS __attribute__((target("avx2,fma,f16c")))
#define FLOATS_INLINE static inline __attribute__((always_inline)) FLOATS

enum {
  TILE_ROWS = 6,
  STRIP = 16,
  PANEL = 4 * STRIP,
  // A panel of this depth stays in the second cache.
  PIECE = 768,
  // Rows of a block, whose tiles stay in the third.
  BLOCK = 768,
  // Vectors reach beyond the last tile; so much keeps what follows aligned.
  SLACK = 16,
  // Sums that are kept apart between pieces where the target is narrower.
  KEPT = BLOCK * 512,
};

_Static_assert(CTR_FLOAT_PRODUCT_ROOM == 4 * (PANEL * PIECE + BLOCK * PIECE + SLACK + KEPT),
               "the room holds a panel, a block of left rows and sums");
_Static_assert(BLOCK % TILE_ROWS == 0, "a block has whole tiles");

typedef float lanes8 __attribute__((ext_vector_type(8)));
typedef float __attribute__((ext_vector_type(8), aligned(4))) lanes8_anywhere;

/// Eight numbers in a row.
FLOATS_INLINE lanes8 load8(ctr_type type, const void *numbers, size_t index) {
  if (type == CTR_FLOAT32) return *(const lanes8_anywhere *)((const float *)numbers + index);
  __m128i halves = _mm_loadu_si128((const __m128i *)((const uint16_t *)numbers + index));
  if (type == CTR_FLOAT16) return (lanes8)_mm256_cvtph_ps(halves);
  return (lanes8)_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16);
}

FLOATS_INLINE float load1(ctr_type type, const void *numbers, size_t index) {
  float room;
  return *ctr_load(type, numbers, index, 1, &room);
}

/// Eight rows of eight numbers become columns.
FLOATS_INLINE void transpose(lanes8 rows[8]) {
  lanes8 other[8];
  for (int i = 0; i < 8; i += 2) {
    other[i] = (lanes8)_mm256_unpacklo_ps(rows[i], rows[i + 1]);
    other[i + 1] = (lanes8)_mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j++) {
      lanes8 low = other[i + j], high = other[i + j + 2];
      rows[i + 2 * j] = __builtin_shufflevector(low, high, 0, 1, 8, 9, 4, 5, 12, 13);
      rows[i + 2 * j + 1] = __builtin_shufflevector(low, high, 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; i++) {
    other[i] = __builtin_shufflevector(rows[i], rows[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    other[i + 4] = __builtin_shufflevector(rows[i], rows[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  memcpy(rows, other, sizeof other);
}

// Both factors are packed alike: of `lines` rows or columns of the target, so many at a time as a tile
// has, `width`, lie side by side at each place of the depth, zeros where there are none.

/// Packs what lies line after line, each over its depth.
FLOATS_INLINE void pack_along(const ctr_type type, const int width, const void *start, size_t stride,
                              size_t lines, size_t depth, float *packed) {
  for (size_t first = 0; first < lines; first += (size_t)width) {
    for (int part = 0; part < width; part += 8) {
      const size_t line = first + (size_t)part;
      const int count = width - part < 8 ? width - part : 8;
      size_t k = 0;
      if (line + (size_t)count <= lines) {
        for (; k + 8 <= depth; k += 8) {
          lanes8 rows[8];
          for (int i = 0; i < 8; i++)
            rows[i] = i < count ? load8(type, start, (line + (size_t)i) * stride + k) : 0;
          transpose(rows);
          // Of six rows, two numbers too many are written, and then written over.
          for (int i = 0; i < 8; i++)
            *(lanes8_anywhere *)(packed + (k + (size_t)i) * (size_t)width + part) = rows[i];
        }
      }
      for (; k < depth; k++)
        for (int i = 0; i < count; i++)
          packed[k * (size_t)width + (size_t)(part + i)] =
              line + (size_t)i < lines ? load1(type, start, (line + (size_t)i) * stride + k) : 0;
    }
    packed += (size_t)width * depth;
  }
}

/// Packs what lies place after place of the depth, all lines side by side.
FLOATS_INLINE void pack_across(const ctr_type type, const int width, const void *start,
                               size_t stride, size_t lines, size_t depth, float *packed) {
  // A few tiles together, as they share what the processor fetches at a time.
  const size_t together = PANEL / (size_t)width * (size_t)width;
  for (size_t group = 0; group < lines; group += together) {
    const size_t end = ctr_least(group + together, lines);
    for (size_t k = 0; k < depth; k++) {
      // What is read soon lies in other pages, which the processor does not foresee.
      const char *soon = (const char *)ctr_at(type, start, (k + 16) * stride + group);
      for (size_t byte = 0; byte < (end - group) * ctr_byte_count(type); byte += 64)
        __builtin_prefetch(soon + byte);
      for (size_t first = group; first < end; first += (size_t)width) {
        float *place = packed + first * depth + k * (size_t)width;
        const size_t index = k * stride + first;
        // Whole vectors are read where they stay inside the row, and written where what lies behind the
        // tile's numbers comes later.
        if (first + (size_t)((width + 7) / 8 * 8) <= lines && (width % 8 == 0 || k + 1 < depth)) {
          for (int part = 0; part < width; part += 8)
            *(lanes8_anywhere *)(place + part) = load8(type, start, index + (size_t)part);
        } else {
          for (int i = 0; i < width; i++)
            place[i] = first + (size_t)i < lines ? load1(type, start, index + (size_t)i) : 0;
        }
      }
    }
  }
}

/// The macro `call` with the type as a constant, so that loops are compiled for each.
#define FOR_TYPE(type, call)        \
  switch (type) {                   \
    case CTR_FLOAT32:               \
      call(CTR_FLOAT32);            \
      break;                        \
    case CTR_BFLOAT16:              \
      call(CTR_BFLOAT16);           \
      break;                        \
    case CTR_FLOAT16:               \
      call(CTR_FLOAT16);            \
      break;                        \
  }

FLOATS_INLINE void pack(const int width, ctr_type type, bool along, const void *start, size_t stride,
                        size_t lines, size_t depth, float *packed) {
#define PACK_ALONG(type) pack_along(type, width, start, stride, lines, depth, packed)
#define PACK_ACROSS(type) pack_across(type, width, start, stride, lines, depth, packed)
  if (along) {
    FOR_TYPE(type, PACK_ALONG)
  } else {
    FOR_TYPE(type, PACK_ACROSS)
  }
}

FLOATS static void pack_left(ctr_factor left, ctr_type type, size_t row, size_t rows, size_t first,
                             size_t depth, float *packed) {
  size_t index = left.transposed ? first * left.stride + row : row * left.stride + first;
  pack(TILE_ROWS, type, !left.transposed, ctr_at(type, left.start, index), left.stride, rows, depth,
       packed);
}

FLOATS static void pack_right(ctr_factor right, ctr_type type, size_t first, size_t depth,
                              size_t column, size_t columns, float *packed) {
  size_t index = right.transposed ? column * right.stride + first : first * right.stride + column;
  pack(STRIP, type, right.transposed, ctr_at(type, right.start, index), right.stride, columns, depth,
       packed);
}

/// Rounds eight numbers and writes them in a row.
FLOATS_INLINE void store8(ctr_type type, void *numbers, size_t index, lanes8 values) {
  if (type == CTR_FLOAT32) {
    *(lanes8_anywhere *)((float *)numbers + index) = values;
    return;
  }
  __m128i *place = (__m128i *)((uint16_t *)numbers + index);
  if (type == CTR_FLOAT16) {
    _mm_storeu_si128(place, _mm256_cvtps_ph((__m256)values, _MM_FROUND_TO_NEAREST_INT));
    return;
  }
  // As ctr_bfloat16 does.
  const __m256i bits = (__m256i)values;
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i nearest = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256 unordered = _mm256_cmp_ps((__m256)values, (__m256)values, _CMP_UNORD_Q);
  const __m256i halves = _mm256_srli_epi32(
      (__m256i)_mm256_blendv_ps((__m256)nearest, (__m256)quiet, unordered), 16);
  _mm_storeu_si128(place, _mm_packus_epi32(_mm256_castsi256_si128(halves),
                                           _mm256_extracti128_si256(halves, 1)));
}

/// Rows of sums, in the target or in room of ours.
typedef struct {
  ctr_type type;
  void *start;
  size_t stride;
} sum_rows;

FLOATS_INLINE void *place(const sum_rows *sums, size_t row, size_t column) {
  return ctr_place(sums->type, sums->start, row * sums->stride + column);
}

FLOATS_INLINE void load_tile(const ctr_type type, const void *start, size_t stride,
                             lanes8 tile[TILE_ROWS][2]) {
#pragma clang loop unroll(full)
  for (size_t row = 0; row < TILE_ROWS; row++)
    for (size_t half = 0; half < 2; half++)
      tile[row][half] = load8(type, start, row * stride + 8 * half);
}

FLOATS_INLINE void store_tile(const ctr_type type, void *start, size_t stride,
                              const lanes8 tile[TILE_ROWS][2]) {
#pragma clang loop unroll(full)
  for (size_t row = 0; row < TILE_ROWS; row++)
    for (size_t half = 0; half < 2; half++)
      store8(type, start, row * stride + 8 * half, tile[row][half]);
}

/// Sums of a tile of 6 × 16 over a piece of the depth, added to those `before` where there are some;
/// `rows` and `columns` of it are meant, from a row and a column on.
FLOATS static void make_tile(const float *left, const float *right, size_t depth,
                             const sum_rows *before, const sum_rows *after, size_t row,
                             size_t column, size_t rows, size_t columns) {
  lanes8 tile[TILE_ROWS][2] = {0};
  float edge[TILE_ROWS][STRIP];
  const bool whole = rows == TILE_ROWS && columns == STRIP;
  if (before) {
    const void *from = place(before, row, column);
    if (whole) {
#define LOAD(type) load_tile(type, from, before->stride, tile)
      FOR_TYPE(before->type, LOAD)
    } else {
      memset(edge, 0, sizeof edge);
      ctr_convert(before->type, from, before->stride, CTR_FLOAT32, edge, STRIP, rows, columns);
      load_tile(CTR_FLOAT32, edge, STRIP, tile);
    }
  }
#pragma clang loop unroll_count(4)
  for (size_t k = 0; k < depth; k++) {
    lanes8 low = *(const lanes8_anywhere *)right, high = *(const lanes8_anywhere *)(right + 8);
#pragma clang loop unroll(full)
    for (int row = 0; row < TILE_ROWS; row++) {
      lanes8 number = left[row];
      tile[row][0] = (lanes8)_mm256_fmadd_ps(number, low, tile[row][0]);
      tile[row][1] = (lanes8)_mm256_fmadd_ps(number, high, tile[row][1]);
    }
    left += TILE_ROWS;
    right += STRIP;
  }
  void *to = place(after, row, column);
  if (whole) {
#define STORE(type) store_tile(type, to, after->stride, tile)
    FOR_TYPE(after->type, STORE)
  } else {
    store_tile(CTR_FLOAT32, edge, STRIP, tile);
    ctr_convert(CTR_FLOAT32, edge, STRIP, after->type, to, after->stride, rows, columns);
  }
}

/// A block of rows, for the columns from `column` to before `end`, over the whole depth in `pieces`.
FLOATS static void multiply_block(const ctr_float_product *product, size_t row, size_t rows,
                                  size_t column, size_t end, size_t pieces, float *room) {
  float *panel = room, *tiles = panel + PANEL * PIECE, *kept = tiles + BLOCK * PIECE + SLACK;
  sum_rows target = {product->target_type, product->target, product->target_stride};
  target.start = place(&target, row, column);
  // Between pieces sums are not rounded.
  const sum_rows between =
      target.type == CTR_FLOAT32 ? target : (sum_rows){CTR_FLOAT32, kept, end - column};
  const size_t piece = (product->depth + pieces - 1) / pieces;
  for (size_t first = 0; first < product->depth; first += piece) {
    const size_t depth = ctr_least(piece, product->depth - first);
    const sum_rows *before = first > 0 ? &between : product->accumulates ? &target : NULL;
    const sum_rows *after = first + depth == product->depth ? &target : &between;
    pack_left(product->left, product->left_type, row, rows, first, depth, tiles);
    for (size_t start = column; start < end; start += PANEL) {
      const size_t columns = ctr_least(PANEL, end - start);
      pack_right(product->right, product->right_type, first, depth, start, columns, panel);
      for (size_t tile = 0; tile < rows; tile += TILE_ROWS)
        for (size_t strip = 0; strip < columns; strip += STRIP) {
          make_tile(tiles + tile * depth, panel + strip * depth, depth, before, after, tile,
                    start - column + strip, ctr_least(TILE_ROWS, rows - tile),
                    ctr_least(STRIP, columns - strip));
        }
    }
  }
}

void ctr_multiply_floats(const ctr_float_product *product, void *room) {
  // Blocks of about one size, of whole tiles.
  const size_t blocks = (product->rows + BLOCK - 1) / BLOCK;
  const size_t rows = ((product->rows + blocks - 1) / blocks + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
  // Pieces of about one size.
  const size_t pieces = (product->depth + PIECE - 1) / PIECE;
  // The left rows are packed again for columns whose sums are kept apart.
  const bool keeps = pieces > 1 && product->target_type != CTR_FLOAT32;
  const size_t columns = keeps ? KEPT / rows / PANEL * PANEL : product->columns;
  for (size_t column = 0; column < product->columns; column += columns)
    for (size_t row = 0; row < product->rows; row += rows)
      multiply_block(product, row, ctr_least(rows, product->rows - row), column,
                     ctr_least(column + columns, product->columns), pieces, room);
}

bool ctr_multiplies_floats(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c") && !__builtin_cpu_supports("avx512f");
}
#else
bool ctr_multiplies_floats(void) { return false; }
void ctr_multiply_floats(const ctr_float_product *product, void *room) {
  (void)product;
  (void)room;
}
#endif
