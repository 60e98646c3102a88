// What Swift cannot import from glibc: calls behind _GNU_SOURCE, macros and variadic ones.
#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Names the calling thread, at most 15 bytes, as `top -H` and debuggers show it.
void cm_name_thread(const char *name);

/// Asks the system to begin writing a part of a file to the disk, and does not wait.
void cm_start_writeback(int descriptor, long long offset, long long count);

/// Lets a file's bytes pass by the system's cache, or go through it again; -1 where the file system
/// knows only the latter. Past the cache, places in the file and in memory are multiples of a disk's
/// block.
int cm_pass_by_cache(int descriptor, bool passes);

/// Asks for huge pages behind memory that was not touched yet; nothing happens where there are none.
void cm_ask_for_huge_pages(void *start, size_t count);

/// When a file was last changed, in nanoseconds since 1970; 0 when it cannot be known.
long long cm_modification_nanoseconds(int descriptor);

/// Opens a file in a folder that never has a name, for reading and writing; -1 with errno where the
/// file system knows none.
int cm_open_unnamed(const char *folder);

/// Processors this process may run on, at least 1.
int cm_processor_count(void);

/// Copies a part of a file to a place in another without passing it through the process; returns the
/// bytes copied, 0 at the end of the source, or -1 with errno when the system cannot do it.
long long cm_copy_range(
    int source, long long from, int target, long long to, long long count);

/// Tells the processor that the thread is waiting for another one.
static inline void cm_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Begins to fetch memory that will be changed soon; any address will do.
static inline void cm_prefetch(const void *place) { __builtin_prefetch(place, 1); }

/// What a run of numbers holds.
typedef struct {
  long long least;
  long long most;
  /// How many are equal to the one that was asked for.
  long long matches;
} cm_range;

/// Looks at `count` > 0 little-endian 16-bit numbers without sign.
cm_range cm_range_of_u16(const void *numbers, size_t count, unsigned short match);

/// Looks at `count` > 0 little-endian 32-bit numbers with sign.
cm_range cm_range_of_i32(const void *numbers, size_t count, int match);

/// How many of `count` 8-bit numbers are `match`.
size_t cm_count_u8(const void *numbers, size_t count, unsigned char match);

/// The first place i < `count` of 8-bit numbers where number i is `first` and number i + `gap` is
/// `last`, or `count`; there must be `count` + `gap` numbers, at an address that their width divides.
size_t cm_find_pair_u8(
    const void *numbers, size_t count, size_t gap, unsigned char first, unsigned char last);

/// The same of 16-bit numbers.
size_t cm_find_pair_u16(
    const void *numbers, size_t count, size_t gap, unsigned short first, unsigned short last);

/// The same of 32-bit numbers.
size_t cm_find_pair_u32(
    const void *numbers, size_t count, size_t gap, unsigned first, unsigned last);

/// The same of 64-bit numbers.
size_t cm_find_pair_u64(
    const void *numbers, size_t count, size_t gap, unsigned long long first,
    unsigned long long last);

/// Copies `count` little-endian 16-bit numbers without sign to 32 bits each, from any address.
void cm_widen_u16(const void *numbers, int *target, size_t count);

/// Has malloc take all pieces from one arena whose first `count` bytes are kept in huge pages.
void cm_gather_heap(size_t count);

/// Asks the processor to bring bytes into its caches, and does not wait.
void cm_prefetch_range(const void *start, size_t count);
