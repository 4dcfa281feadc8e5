/* Descriptors that glibc's Swift overlay cannot make. */
#define _GNU_SOURCE
#include "mitogen_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* A width for programs that fold their prompts; 0 columns make some fold after each letter. */
static const struct winsize window = {.ws_row = 24, .ws_col = 200};

int mitogen_pipe(int *reader, int *writer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return errno;
  *reader = ends[0];
  *writer = ends[1];
  return 0;
}

int mitogen_open_pty(int raw, int *master, int *slave) {
  struct termios modes;
  char name[64];
  int error;
  int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ours < 0) return errno;
  int theirs = -1;
  if (grantpt(ours) < 0 || unlockpt(ours) < 0) goto failed;
  /* By descriptor first: the name may mean another pty where /dev/pts is another mount. */
  theirs = ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (theirs < 0) {
    if (ptsname_r(ours, name, sizeof name) != 0) goto failed;
    theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (theirs < 0) goto failed;
  }
  if (tcgetattr(theirs, &modes) < 0) goto failed;
  if (raw) {
    cfmakeraw(&modes);
  } else {
    modes.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    modes.c_oflag &= ~(tcflag_t)OPOST;
  }
  if (tcsetattr(theirs, TCSANOW, &modes) < 0) goto failed;
  ioctl(theirs, TIOCSWINSZ, &window);
  *master = ours;
  *slave = theirs;
  return 0;

failed:
  error = errno;
  if (theirs >= 0) close(theirs);
  close(ours);
  return error;
}

int mitogen_memfd(const char *name, int *descriptor) {
  int made = memfd_create(name, MFD_CLOEXEC);
  if (made < 0) return errno;
  *descriptor = made;
  return 0;
}
