/*
 * From clone to exec. The child shares the parent's memory until exec, as in glibc's posix_spawn, so everything in
 * `child_main` is async-signal-safe, writes only to its own frame and to `struct launch`, and never returns.
 *
 * A child that enters another process's namespaces has a copy of the memory instead, in which it may write.
 */
#define _GNU_SOURCE
#include "mitogen_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "entry.h"
#include "nofile.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/* It takes every clone for a fork, and this child is one on our own memory, and waited for. */
int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...);
#define clone __clone
#endif
#endif

/* The child's frames are a few hundred bytes, and the listing's buffer 4 KiB. */
enum { CHILD_STACK_SIZE = 32 * 1024, GUIDE_STACK_SIZE = 2 * CHILD_STACK_SIZE, LISTING_SIZE = 4096 };

struct launch {
  const struct mitogen_spawn_request *request;
  /* Written by the child, read by the parent after it resumes. */
  volatile int error;
  volatile enum mitogen_spawn_step step;
  /* Of a child that enters: its PID as the parent sees it. Written by the kernel. */
  volatile pid_t pid;
};

static void fail(struct launch *launch, enum mitogen_spawn_step step) {
  launch->error = errno;
  launch->step = step;
  _exit(127);
}

/* Closes all descriptors from `first` on by what /proc lists; without /proc, by number. */
static void close_by_listing(int first) {
  struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
  };
  _Alignas(struct entry) char buffer[LISTING_SIZE];
  int listing = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing < 0) {
    struct rlimit limit;
    int end = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)end) end = (int)limit.rlim_cur;
    for (int descriptor = first; descriptor < end; descriptor++) close(descriptor);
    return;
  }
  /* Closing while reading the folder may hide entries, so it is read again until nothing was left to close. */
  int closed;
  do {
    closed = 0;
    lseek(listing, 0, SEEK_SET);
    long size;
    while ((size = syscall(SYS_getdents64, listing, buffer, sizeof buffer)) > 0) {
      for (long at = 0; at < size;) {
        const struct entry *entry = (const struct entry *)(buffer + at);
        at += entry->length;
        int descriptor = 0;
        const char *digit = entry->name;
        if (*digit < '0' || *digit > '9') continue;
        for (; *digit >= '0' && *digit <= '9'; digit++) descriptor = descriptor * 10 + (*digit - '0');
        if (descriptor < first || descriptor == listing) continue;
        close(descriptor);
        closed = 1;
      }
    }
  } while (closed);
  close(listing);
}

/*
 * Handlers would run in shared memory once signals are unblocked, and an ignored signal would survive exec. By system
 * call, since glibc refuses to touch 32 and 33, and some parents leave those ignored. All zero: SIG_DFL, no flags.
 */
static void reset_signals(void) {
  const unsigned long standard[16] = {0};
  for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, standard, NULL, (NSIG - 1) / 8);
}

/* The first of the files that is there. */
static void execute(const struct mitogen_spawn_request *request) {
  int error = ENOENT;
  for (char *const *path = request->paths; *path; path++) {
    execve(*path, request->argv, request->envp);
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return;
    if (errno == EACCES || error != EACCES) error = errno;
  }
  errno = error;
}

static int child_main(void *argument) {
  struct launch *launch = argument;
  const struct mitogen_spawn_request *request = launch->request;

  reset_signals();
  if (setsid() < 0) fail(launch, MITOGEN_SPAWN_STEP_SESSION);
  if (request->terminal >= 0 && ioctl(request->terminal, TIOCSCTTY, 0) < 0) fail(launch, MITOGEN_SPAWN_STEP_TERMINAL);

  /* A source below 3 would be overwritten by an earlier dup2, and dup2 onto itself would keep close-on-exec. */
  int source[3];
  for (int i = 0; i < 3; i++) {
    source[i] = request->stdio[i];
    if (source[i] < 3 && (source[i] = fcntl(source[i], F_DUPFD_CLOEXEC, 3)) < 0) fail(launch, MITOGEN_SPAWN_STEP_STDIO);
  }
  for (int i = 0; i < 3; i++) {
    if (dup2(source[i], i) < 0) fail(launch, MITOGEN_SPAWN_STEP_STDIO);
  }
  if ((request->flags & MITOGEN_SPAWN_CLOSE_BY_LISTING) || syscall(SYS_close_range, 3u, ~0u, 0u) < 0) close_by_listing(3);

  if (request->entry) {
    enum mitogen_spawn_step step = mitogen_entry_become(request->entry, (char **)request->envp, request->without);
    if (step != 0) fail(launch, step);
    umask(022);
  }
  if (request->directory && chdir(request->directory) < 0) fail(launch, MITOGEN_SPAWN_STEP_DIRECTORY);
  mitogen_restore_nofile();

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execute(request);
  fail(launch, MITOGEN_SPAWN_STEP_EXEC);
  return 127;
}

/*
 * The process before a child that enters: only the children of one that has joined a PID namespace are in it. It ends
 * when that child has executed its program, or by the alarm.
 */
static int guide_main(void *argument) {
  struct launch *launch = argument;
  sigset_t alarms;
  reset_signals();
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarms, NULL);
  alarm(MITOGEN_ENTRY_SECONDS);
  /* Of the memory, which is a copy of ours with all its secrets: it goes among processes that are not ours. */
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  enum mitogen_spawn_step step = mitogen_entry_join(launch->request->entry);
  if (step != 0) fail(launch, step);
  _Alignas(64) char stack[CHILD_STACK_SIZE];
  const int flags = CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
  if (clone(child_main, stack + sizeof stack, flags, launch, &launch->pid) < 0) {
    /* What a PID namespace says whose first process has ended. */
    if (errno == ENOMEM) errno = ESRCH;
    fail(launch, MITOGEN_SPAWN_STEP_JOIN);
  }
  _exit(0);
}

static int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static int spawn_inside(const struct mitogen_spawn_request *request, struct mitogen_spawn_result *result) {
  /* Shared with the copies of this memory: the one thing that they have to say. */
  struct launch *launch = mmap(NULL, sizeof *launch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  result->pid = result->pidfd = -1;
  result->step = MITOGEN_SPAWN_STEP_CLONE;
  if (launch == MAP_FAILED) return errno;
  *launch = (struct launch){.request = request, .step = MITOGEN_SPAWN_STEP_CLONE};
  _Alignas(64) char stack[GUIDE_STACK_SIZE];

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t guide = clone(guide_main, stack + sizeof stack, CLONE_VFORK | SIGCHLD, launch);
  int error = guide < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);

  pid_t pid = launch->pid;
  if (guide > 0) {
    int status = wait_for(guide);
    error = launch->error;
    if (WIFSIGNALED(status)) {
      error = ETIMEDOUT;
      launch->step = MITOGEN_SPAWN_STEP_TIME;
    }
  }
  if (error == 0 && pid == 0) error = ECHILD;
  if (error == 0) error = mitogen_pidfd_open(pid, &result->pidfd);
  if (error == 0) {
    result->pid = pid;
  } else if (pid > 0) {
    kill(pid, SIGKILL);
    wait_for(pid);
  }
  result->step = launch->step;
  munmap(launch, sizeof *launch);
  return error;
}

int mitogen_spawn(const struct mitogen_spawn_request *request, struct mitogen_spawn_result *result) {
  if (request->entry) return spawn_inside(request, result);
  struct launch launch = {.request = request, .error = 0, .step = MITOGEN_SPAWN_STEP_CLONE};
  /* In this frame, which CLONE_VFORK keeps alive for as long as the child uses it. */
  _Alignas(64) char stack[CHILD_STACK_SIZE];
  int pidfd = -1;

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int pid = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &launch, &pidfd);
  int error = pid < 0 ? errno : launch.error;
  pthread_sigmask(SIG_SETMASK, &before, NULL);

  if (pid > 0 && pidfd < 0) {
    /* A kernel that does not know CLONE_PIDFD ignores the flag. Nothing here works without it. */
    kill(pid, SIGKILL);
    error = ENOSYS;
    launch.step = MITOGEN_SPAWN_STEP_CLONE;
  }
  if (error != 0) {
    if (pid > 0) {
      wait_for(pid);
      if (pidfd >= 0) close(pidfd);
    }
    result->pid = -1;
    result->pidfd = -1;
    result->step = launch.step;
    return error;
  }
  result->pid = pid;
  result->pidfd = pidfd;
  return 0;
}
