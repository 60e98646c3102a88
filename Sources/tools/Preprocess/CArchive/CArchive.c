#include "CArchive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static struct {
#define USE(type, name, parameters, arguments) __typeof__(&name) name;
  CARCHIVE_FUNCTIONS(USE)
#undef USE
} library;
static char load_failure[256];

static void load(void) {
  void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
  int is_whole = handle != NULL;
#define USE(type, name, parameters, arguments) \
  if (is_whole) is_whole = (library.name = (__typeof__(&name))dlsym(handle, #name)) != NULL;
  CARCHIVE_FUNCTIONS(USE)
#undef USE
  if (!is_whole) snprintf(load_failure, sizeof load_failure, "%s", dlerror());
}

const char *carchive_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return load_failure[0] ? load_failure : NULL;
}

#define USE(type, name, parameters, arguments) \
  type c##name parameters { return library.name arguments; }
CARCHIVE_FUNCTIONS(USE)
#undef USE
