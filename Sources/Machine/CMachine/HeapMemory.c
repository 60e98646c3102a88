#define _GNU_SOURCE
#include "CMachine.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void cm_gather_heap(size_t count) {
#ifdef __GLIBC__
  const size_t page = 1 << 21;
  // One arena, the program's break, for pieces up to 32 MiB, the most that can be asked for.
  if (mallopt(M_ARENA_MAX, 1) != 1 || mallopt(M_MMAP_THRESHOLD, 32 << 20) != 1) return;
  if (mallopt(M_TRIM_THRESHOLD, (int)(2 * count)) != 1 || mallopt(M_TOP_PAD, (int)count) != 1) return;
  uintptr_t start = (uintptr_t)sbrk(0);
  // More than is free, so that the break moves, and by the padding.
  void *volatile piece = malloc(1 << 20);
  free(piece);
  mallopt(M_TOP_PAD, 1 << 20);
  uintptr_t first = (start + page - 1) & ~(page - 1), end = (uintptr_t)sbrk(0);
  if (end > first && end - first >= page) madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
  (void)count;
#endif
}
