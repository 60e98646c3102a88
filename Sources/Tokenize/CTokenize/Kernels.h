// What the kernels share: clones, rows of bytes.
#pragma once

#include <string.h>

#include "CTokenize.h"

// The thread sanitizer would be called while clones are chosen, before it is ready.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define CTOK_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CTOK_CLONES
#endif

// Inlined everywhere, so that it is compiled for the processor of the clone that uses it.
#define CTOK_INLINE static inline __attribute__((always_inline))

typedef uint8_t bytes64 __attribute__((ext_vector_type(64)));
