#include "mitogen_lifeline.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int mitogen_block_end_signals(int *descriptor) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  int rc = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (rc != 0) return rc;
  int fd = signalfd(-1, &set, SFD_CLOEXEC);
  if (fd < 0) return errno;
  *descriptor = fd;
  return 0;
}

int mitogen_wait_readable(int first, int second) {
  struct pollfd set[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
  while (poll(set, 2, -1) < 0) {
    if (errno != EINTR) return -1;
  }
  return set[0].revents ? 0 : 1;
}
