/*
 * The router holds several descriptors for each node, so it raises its own limit. Its children get the old one
 * back: programs that loop over all possible descriptors take seconds when the limit is a million, and select()
 * breaks above 1024.
 */
#include "mitogen_system.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "nofile.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* 0: not raised. */
static _Atomic uint64_t saved_soft_limit;

int mitogen_raise_nofile(void) {
  struct rlimit limit;
  int error = 0;
  pthread_mutex_lock(&lock);
  if (atomic_load(&saved_soft_limit) == 0) {
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
      error = errno;
    } else if (limit.rlim_cur < limit.rlim_max) {
      rlim_t soft = limit.rlim_cur;
      limit.rlim_cur = limit.rlim_max;
      if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        error = errno;
      } else {
        atomic_store(&saved_soft_limit, (uint64_t)soft);
      }
    }
  }
  pthread_mutex_unlock(&lock);
  return error;
}

void mitogen_restore_nofile(void) {
  uint64_t soft = atomic_load(&saved_soft_limit);
  struct rlimit limit;
  if (soft == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = (rlim_t)soft;
  setrlimit(RLIMIT_NOFILE, &limit);
}
