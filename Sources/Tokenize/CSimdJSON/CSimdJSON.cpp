#include "CSimdJSON.h"

#include <simdjson.h>

size_t csj_padding(void) { return simdjson::SIMDJSON_PADDING; }
