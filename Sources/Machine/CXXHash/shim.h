// The state's layout is needed to save a running hash; libxxhash shows it under this macro only.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
