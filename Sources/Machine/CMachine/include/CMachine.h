// What Swift cannot import from glibc: calls behind _GNU_SOURCE and variadic ones.
#pragma once

/// Names the calling thread, at most 15 bytes, as `top -H` and debuggers show it.
void cm_name_thread(const char *name);
