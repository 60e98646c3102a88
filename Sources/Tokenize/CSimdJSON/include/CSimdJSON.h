// simdjson's DOM parser behind a C interface.
#pragma once
#include <stddef.h>

#include "CSimdJSONDocument.h"
#include "CSimdJSONLines.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable after the end of every text that is parsed in place.
size_t csj_padding(void);

#ifdef __cplusplus
}
#endif
