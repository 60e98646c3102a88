// Factors are copied into the order in which a tile of the target reads them: the right one in panels
// of 64 columns, pair by pair of its depth; the left one, where it is transposed, by rows. A tile of
// 6 × 64 sums then stays in registers over the whole depth, or 3,072 numbers of it: see Goto and van
// de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
#include "Kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define PAIRS_INLINE static inline __attribute__((always_inline)) PAIRS

enum {
  LANES = 16,
  TILE_ROWS = 6,
  TILE_VECTORS = 4,
  PANEL = TILE_VECTORS * LANES,
  // A panel of this depth stays in the second cache.
  MOST_DEPTH = 3072,
  // Numbers of the copy of left rows.
  COPIED = 252 * MOST_DEPTH,
  // Rows whose sums are kept while a depth is cut, and all sums.
  MOST_ROWS = 1026,
  SUMS = MOST_ROWS * 384,
};

_Static_assert(CTR_PRODUCT_ROOM == 2 * PANEL * MOST_DEPTH + 2 * COPIED + 4 * SUMS,
               "the room holds a panel, left rows and sums");

// Two numbers that follow each other in depth, at any place of even address.
typedef uint32_t __attribute__((may_alias, aligned(2))) ctr_pair;

static size_t quotient_up(size_t a, size_t b) { return (a + b - 1) / b; }

PAIRS_INLINE __mmask16 mask16(size_t count) { return count >= 16 ? 0xffff : (1u << count) - 1; }
PAIRS_INLINE __mmask32 mask32(size_t count) { return count >= 32 ? ~0u : (1u << count) - 1; }

/// 16 rows of 16 words become columns.
PAIRS_INLINE void transpose(__m512i rows[16]) {
  __m512i other[16];
  for (int i = 0; i < 16; i += 2) {
    other[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    other[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(other[i], other[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(other[i], other[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(other[i + 1], other[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(other[i + 1], other[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    other[i] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0x88);
    other[i + 4] = _mm512_shuffle_i32x4(rows[i], rows[i + 4], 0xdd);
    other[i + 8] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0x88);
    other[i + 12] = _mm512_shuffle_i32x4(rows[i + 8], rows[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; i++) {
    rows[i] = _mm512_shuffle_i32x4(other[i], other[i + 8], 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(other[i], other[i + 8], 0xdd);
    rows[i + 4] = _mm512_shuffle_i32x4(other[i + 4], other[i + 12], 0x88);
    rows[i + 12] = _mm512_shuffle_i32x4(other[i + 4], other[i + 12], 0xdd);
  }
}

/// Pairs of two rows of 32 numbers: those of the first 16 and of the last.
PAIRS_INLINE void interleave(__m512i first, __m512i second, __m512i *low, __m512i *high) {
  const __m512i lanes =
      _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6,
                       37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
  *low = _mm512_permutex2var_epi16(first, lanes, second);
  *high =
      _mm512_permutex2var_epi16(first, _mm512_add_epi16(lanes, _mm512_set1_epi16(16)), second);
}

/// Writes a panel [pair][column] of columns that lie one after the other, each over its depth.
PAIRS_INLINE void pack_columns(const uint16_t *start, size_t stride, size_t columns, size_t depth,
                               uint32_t *panel, size_t vectors) {
  for (size_t column = 0; column < LANES * vectors; column += 16) {
    for (size_t k = 0; k < depth; k += 32) {
      __m512i rows[16];
      for (size_t i = 0; i < 16; i++)
        rows[i] = _mm512_maskz_loadu_epi16(column + i < columns ? mask32(depth - k) : 0,
                                           start + (column + i) * stride + k);
      transpose(rows);
      size_t pairs = ctr_least(16, quotient_up(depth - k, 2));
      for (size_t i = 0; i < pairs; i++)
        _mm512_store_si512(panel + (k / 2 + i) * LANES * vectors + column, rows[i]);
    }
  }
}

/// Writes a panel [pair][column] of columns that lie beside each other, row after row of the depth.
PAIRS_INLINE void pack_rows(const uint16_t *start, size_t stride, size_t columns, size_t depth,
                            uint32_t *panel, size_t vectors) {
  for (size_t k = 0; k < depth; k += 2) {
    for (size_t column = 0; column < LANES * vectors; column += 32) {
      const uint16_t *first = start + k * stride + column;
      __mmask32 some = mask32(columns - column);
      __m512i low, high;
      interleave(_mm512_maskz_loadu_epi16(some, first),
                 _mm512_maskz_loadu_epi16(k + 1 < depth ? some : 0, first + stride), &low, &high);
      uint32_t *pairs = panel + k / 2 * LANES * vectors + column;
      _mm512_store_si512(pairs, low);
      if (column + 16 < LANES * vectors) _mm512_store_si512(pairs + 16, high);
    }
  }
}

/// Writes rows [row][pair] of a left factor that lies transposed.
PAIRS_INLINE void copy_transposed(const uint16_t *start, size_t stride, size_t rows, size_t depth,
                                  uint32_t *copy, size_t pairs) {
  for (size_t k = 0; k < depth; k += 32) {
    for (size_t row = 0; row < rows; row += 16) {
      __mmask16 some = mask16(rows - row);
      __m512i words[16];
      for (size_t i = 0; i < 16; i++) {
        size_t place = k + 2 * i;
        const uint16_t *line = start + place * stride + row;
        __m256i first = _mm256_maskz_loadu_epi16(place < depth ? some : 0, line);
        __m256i second = _mm256_maskz_loadu_epi16(place + 1 < depth ? some : 0, line + stride);
        words[i] = _mm512_or_si512(_mm512_cvtepu16_epi32(first),
                                   _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
        // What is read next lies in other pages, which the processor does not foresee.
        __builtin_prefetch(line + 32 * stride);
        __builtin_prefetch(line + 33 * stride);
      }
      transpose(words);
      __mmask16 held = mask16(pairs - k / 2);
      for (size_t i = 0; i < ctr_least(16, rows - row); i++)
        _mm512_mask_storeu_epi32(copy + (row + i) * pairs + k / 2, held, words[i]);
    }
  }
}

/// Writes rows [row][pair] of a left factor; a zero follows an odd number.
static void copy_rows(const uint16_t *start, size_t stride, size_t rows, size_t depth,
                      uint32_t *copy, size_t pairs) {
  for (size_t row = 0; row < rows; row++) {
    copy[(row + 1) * pairs - 1] = 0;
    memcpy(copy + row * pairs, start + row * stride, 2 * depth);
  }
}

/// A tile's place: sums of what of the depth went before, and where they go.
typedef struct {
  float *sums;
  size_t sums_stride;
  bool follows, ends;
  void *target;
  size_t target_stride;
  ctr_type type;
  bool accumulates;
  /// Columns of the target, and rows: the first belong to the tile before where rows are few.
  size_t columns, first_row, row_count;
} ctr_tile_place;

/// Stores sums as float32 or bfloat16, alone or added to what is there.
PAIRS_INLINE void leave(const int vectors, __m512 sums[TILE_ROWS][TILE_VECTORS], void *target,
                        size_t stride, const bool narrow, const bool adds,
                        const ctr_tile_place *tile, __mmask16 last) {
#pragma clang loop unroll(full)
  for (size_t row = 0; row < TILE_ROWS; row++) {
    if (row < tile->first_row || row >= tile->row_count) continue;
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      const __mmask16 some = j == vectors - 1 ? last : 0xffff;
      __m512 sum = sums[row][j];
      if (narrow) {
        uint16_t *place = (uint16_t *)target + row * stride + LANES * j;
        if (adds) {
          __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, place));
          sum = _mm512_add_ps(sum, _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
        }
        _mm256_mask_storeu_epi16(place, some, (__m256i)_mm512_cvtneps_pbh(sum));
      } else {
        float *place = (float *)target + row * stride + LANES * j;
        if (adds) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(some, place));
        _mm512_mask_storeu_ps(place, some, sum);
      }
    }
  }
}

/// Sums of six rows, `stride` bytes apart, times the columns of a panel.
PAIRS_INLINE void tile_product(const int vectors, const char *left, size_t stride,
                               const uint32_t *panel, size_t pairs, const ctr_tile_place *tile) {
  __m512 sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int row = 0; row < TILE_ROWS; row++)
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) sums[row][j] = _mm512_setzero_ps();
  if (tile->follows) {
#pragma clang loop unroll(full)
    for (int row = 0; row < TILE_ROWS; row++)
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++)
        sums[row][j] = _mm512_loadu_ps(tile->sums + row * tile->sums_stride + LANES * j);
  }
#pragma clang loop unroll_count(4)
  for (size_t k = 0; k < pairs; k++) {
    __m512bh right[TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++)
      right[j] = (__m512bh)_mm512_load_si512(panel + LANES * j);
#pragma clang loop unroll(full)
    for (int row = 0; row < TILE_ROWS; row++) {
      __m512bh pair = (__m512bh)_mm512_set1_epi32((int)*(const ctr_pair *)(left + row * stride));
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++)
        sums[row][j] = _mm512_dpbf16_ps(sums[row][j], pair, right[j]);
    }
    left += sizeof(ctr_pair);
    panel += LANES * vectors;
  }
  __mmask16 last = mask16(tile->columns - LANES * (size_t)(vectors - 1));
  bool narrow = tile->type == CTR_BFLOAT16;
  if (!tile->ends) {
    leave(vectors, sums, tile->sums, tile->sums_stride, false, false, tile, 0xffff);
  } else if (narrow && tile->accumulates) {
    leave(vectors, sums, tile->target, tile->target_stride, true, true, tile, last);
  } else if (narrow) {
    leave(vectors, sums, tile->target, tile->target_stride, true, false, tile, last);
  } else if (tile->accumulates) {
    leave(vectors, sums, tile->target, tile->target_stride, false, true, tile, last);
  } else {
    leave(vectors, sums, tile->target, tile->target_stride, false, false, tile, last);
  }
}

#define TILE_PRODUCT(vectors)                                                                   \
  PAIRS static void tile_product_##vectors(const char *left, size_t stride, const uint32_t *panel, \
                                           size_t pairs, const ctr_tile_place *tile) {          \
    tile_product(vectors, left, stride, panel, pairs, tile);                                    \
  }
TILE_PRODUCT(1)
TILE_PRODUCT(2)
TILE_PRODUCT(3)
TILE_PRODUCT(4)

typedef void ctr_tile_function(const char *, size_t, const uint32_t *, size_t,
                               const ctr_tile_place *);
static ctr_tile_function *const tile_products[] = {0, tile_product_1, tile_product_2,
                                                   tile_product_3, tile_product_4};

/// A number of a factor; of a left one `row` and `depth`, of a right one `depth` and `column`.
static const uint16_t *number(ctr_factor factor, size_t row, size_t column) {
  const uint16_t *start = factor.start;
  return start + (factor.transposed ? column * factor.stride + row : row * factor.stride + column);
}

/// The memory that the next panel is packed from, asked for while tiles of this one are made.
typedef struct {
  const char *start;
  size_t stride, rows, lines, row, line, share;
} ctr_foresight;

static ctr_foresight foresee(ctr_factor right, size_t first_depth, size_t depth, size_t column,
                             size_t columns, size_t tiles) {
  ctr_foresight next = {
      .start = (const char *)number(right, first_depth, column),
      .stride = 2 * right.stride,
      .rows = right.transposed ? columns : depth,
      .lines = quotient_up(2 * (right.transposed ? depth : columns), 64)};
  next.share = quotient_up(next.rows * next.lines, tiles);
  return next;
}

static void ask_for_share(ctr_foresight *next) {
  for (size_t count = 0; count < next->share && next->row < next->rows; count++) {
    __builtin_prefetch(next->start + next->row * next->stride + 64 * next->line, 0, 2);
    if (++next->line < next->lines) continue;
    next->line = 0;
    next->row++;
  }
}

/// How a product is cut so that its parts fit the room: columns in strips, their rows in blocks, and
/// of these the depth in pieces, from one to the next of which sums are kept.
typedef struct {
  const ctr_product *product;
  uint32_t *panel, *copy;
  float *sums;
  bool copies;
  size_t piece, blocks, strip;
} ctr_plan;

static ctr_plan plan_of(const ctr_product *product, void *room) {
  ctr_plan plan = {.product = product, .panel = room};
  plan.copy = plan.panel + PANEL * MOST_DEPTH / 2;
  plan.sums = (float *)(plan.copy + COPIED / 2);
  size_t pieces = quotient_up(product->depth, MOST_DEPTH);
  plan.piece = quotient_up(quotient_up(product->depth, pieces), 32) * 32;
  plan.copies = product->left.transposed || product->depth % 2 || product->rows < TILE_ROWS;
  size_t tiles = quotient_up(product->rows, TILE_ROWS), most = tiles;
  if (pieces > 1) most = ctr_least(most, MOST_ROWS / TILE_ROWS);
  if (plan.copies) most = ctr_least(most, COPIED / plan.piece / TILE_ROWS);
  plan.blocks = quotient_up(tiles, most);
  size_t rows = quotient_up(tiles, plan.blocks) * TILE_ROWS;
  plan.strip = pieces > 1 ? SUMS / rows / PANEL * PANEL : product->columns;
  return plan;
}

/// The first row of a block; blocks have as many tiles each, or one less.
static size_t first_row(const ctr_plan *plan, size_t block) {
  size_t tiles = quotient_up(plan->product->rows, TILE_ROWS);
  return ctr_least(tiles * block / plan->blocks * TILE_ROWS, plan->product->rows);
}

/// Rows of a left factor as a tile reads them: where they are, or copied.
PAIRS static const char *left_rows(const ctr_plan *plan, size_t row, size_t rows,
                                   size_t first_depth, size_t depth, size_t *stride) {
  ctr_factor left = plan->product->left;
  const uint16_t *start = number(left, row, first_depth);
  *stride = 2 * left.stride;
  if (!plan->copies) return (const char *)start;
  size_t pairs = quotient_up(depth, 2);
  if (left.transposed)
    copy_transposed(start, left.stride, rows, depth, plan->copy, pairs);
  else
    copy_rows(start, left.stride, rows, depth, plan->copy, pairs);
  *stride = sizeof(ctr_pair) * pairs;
  return (const char *)plan->copy;
}

/// A piece of the depth, for a block of rows and the columns from `column` to before `end`.
PAIRS static void multiply_block(const ctr_plan *plan, size_t block, size_t column, size_t end,
                                 size_t first_depth) {
  const ctr_product *product = plan->product;
  ctr_factor right = product->right;
  size_t row = first_row(plan, block), rows = first_row(plan, block + 1) - row;
  size_t depth = ctr_least(plan->piece, product->depth - first_depth), stride;
  const char *left = left_rows(plan, row, rows, first_depth, depth, &stride);
  size_t number_size = ctr_byte_count(product->target_type);
  for (size_t next = column, columns; next < end; next += columns) {
    columns = ctr_least(PANEL, end - next);
    size_t vectors = quotient_up(columns, LANES);
    const uint16_t *start = number(right, first_depth, next);
    if (right.transposed)
      pack_columns(start, right.stride, columns, depth, plan->panel, vectors);
    else
      pack_rows(start, right.stride, columns, depth, plan->panel, vectors);
    ctr_foresight foresight = foresee(right, first_depth, depth, next + columns,
                                      ctr_least(PANEL, end - next - columns),
                                      quotient_up(rows, TILE_ROWS));
    for (size_t done = 0; done < rows; done += TILE_ROWS) {
      // The last tile of many begins early enough to be whole.
      size_t first = rows < TILE_ROWS ? 0 : ctr_least(done, rows - TILE_ROWS);
      ctr_tile_place tile = {
          .sums = plan->sums + first * plan->strip + next - column,
          .sums_stride = plan->strip,
          .follows = first_depth > 0,
          .ends = first_depth + depth == product->depth,
          .target = (char *)product->target +
                    ((row + first) * product->target_stride + next) * number_size,
          .target_stride = product->target_stride,
          .type = product->target_type,
          .accumulates = product->accumulates,
          .columns = columns,
          .first_row = done - first,
          .row_count = rows - first};
      ask_for_share(&foresight);
      tile_products[vectors](left + first * stride, stride, plan->panel, quotient_up(depth, 2),
                             &tile);
    }
  }
}

void ctr_multiply_pairs(const ctr_product *product, void *room) {
  ctr_plan plan = plan_of(product, room);
  for (size_t column = 0; column < product->columns; column += plan.strip) {
    size_t end = ctr_least(column + plan.strip, product->columns);
    for (size_t block = 0; block < plan.blocks; block++)
      for (size_t k = 0; k < product->depth; k += plan.piece)
        multiply_block(&plan, block, column, end, k);
  }
}

bool ctr_multiplies_pairs(void) {
  return __builtin_cpu_supports("avx512bf16") && !__builtin_cpu_supports("amx-bf16");
}
#else
bool ctr_multiplies_pairs(void) { return false; }
void ctr_multiply_pairs(const ctr_product *product, void *room) {
  (void)product;
  (void)room;
}
#endif
