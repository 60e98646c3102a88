#define _GNU_SOURCE
#include "CMachine.h"

#include <pthread.h>

void cm_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
