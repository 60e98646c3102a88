#define _GNU_SOURCE
#include "CMachine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void cm_name_thread(const char *name) {
#ifdef __linux__
  pthread_setname_np(pthread_self(), name);
#else
  pthread_setname_np(name);
#endif
}

void cm_start_writeback(int descriptor, long long offset, long long count) {
#ifdef __linux__
  sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
#endif
}

int cm_pass_by_cache(int descriptor, bool passes) {
#ifdef O_DIRECT
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -1;
  return fcntl(descriptor, F_SETFL, passes ? flags | O_DIRECT : flags & ~O_DIRECT);
#else
  return -1;
#endif
}

void cm_ask_for_huge_pages(void *start, size_t count) {
#ifdef MADV_HUGEPAGE
  madvise(start, count, MADV_HUGEPAGE);
#endif
}

/* Wraps around, as unsigned numbers may, for times that are centuries away. */
static long long nanoseconds(struct timespec time) {
  return (long long)((unsigned long long)time.tv_sec * 1000000000ULL +
                     (unsigned long long)time.tv_nsec);
}

long long cm_modification_nanoseconds(int descriptor) {
  struct stat facts;
  if (fstat(descriptor, &facts) != 0) return 0;
#ifdef __APPLE__
  return nanoseconds(facts.st_mtimespec);
#else
  return nanoseconds(facts.st_mtim);
#endif
}

int cm_open_unnamed(const char *folder) {
#ifdef O_TMPFILE
  return open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
#else
  errno = EOPNOTSUPP;
  return -1;
#endif
}

int cm_processor_count(void) {
#ifdef __linux__
  cpu_set_t usable;
  if (sched_getaffinity(0, sizeof usable, &usable) == 0) return CPU_COUNT(&usable);
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}

long long cm_copy_range(
    int source, long long from, int target, long long to, long long count) {
#ifdef __linux__
  off_t source_place = from;
  off_t target_place = to;
  return copy_file_range(source, &source_place, target, &target_place, (size_t)count, 0);
#else
  errno = ENOSYS;
  return -1;
#endif
}
