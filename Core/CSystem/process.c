/* Processes by descriptor: a PID may come to name another process, a pidfd never does. */
#define _GNU_SOURCE
#include "mitogen_system.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
/* An enumerator in newer headers, absent in older ones. */
enum { WAIT_FOR_PIDFD = 3 };

int mitogen_child_reap(int pidfd, int *signalled, int *value) {
  siginfo_t info;
  int result;
  info.si_pid = 0;
  do {
    result = waitid((idtype_t)WAIT_FOR_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return errno;
  if (info.si_pid == 0) return EAGAIN;
  *signalled = info.si_code != CLD_EXITED;
  *value = info.si_status;
  return 0;
}

int mitogen_pidfd_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0u) < 0 ? errno : 0;
}

int mitogen_pidfd_open(pid_t pid, int *pidfd) {
  long descriptor = syscall(SYS_pidfd_open, pid, 0u);
  if (descriptor < 0) return errno;
  *pidfd = (int)descriptor;
  return 0;
}

int mitogen_exit_queue_open(int *queue) {
  int made = epoll_create1(EPOLL_CLOEXEC);
  if (made < 0) return errno;
  *queue = made;
  return 0;
}

int mitogen_exit_queue_add(int queue, int pidfd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = pidfd};
  return epoll_ctl(queue, EPOLL_CTL_ADD, pidfd, &event) < 0 ? errno : 0;
}

int mitogen_exit_queue_wait(int queue, int *pidfds, int capacity) {
  struct epoll_event events[64];
  int count = epoll_wait(queue, events, capacity < 64 ? capacity : 64, -1);
  for (int i = 0; i < count; i++) pidfds[i] = events[i].data.fd;
  return count < 0 ? 0 : count;
}

static int peer(int descriptor, struct ucred *credentials) {
  socklen_t size = sizeof *credentials;
  return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, &size) < 0 ? errno : 0;
}

int mitogen_peer_uid(int descriptor, uid_t *uid) {
  struct ucred credentials;
  int error = peer(descriptor, &credentials);
  if (error == 0) *uid = credentials.uid;
  return error;
}

int mitogen_peer_pid(int descriptor, pid_t *pid) {
  struct ucred credentials;
  int error = peer(descriptor, &credentials);
  if (error == 0) *pid = credentials.pid;
  return error;
}

char **mitogen_environment(void) { return environ; }

uint64_t mitogen_current_rss(void) {
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long pages = 0;
  if (fscanf(file, "%*u %llu", &pages) != 1) pages = 0;
  fclose(file);
  return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
