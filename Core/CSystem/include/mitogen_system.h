/*
 * What Swift cannot do, or not safely: the code that runs between clone and exec, and a few calls of Linux
 * that glibc's Swift overlay does not have.
 *
 * Rules for every item, unless it says otherwise: callable from any thread; arguments are borrowed for the call
 * only; a descriptor that is returned is new, close-on-exec and owned by the caller; functions that can fail
 * return 0 or an errno value and leave their results untouched (or as said) on failure.
 */
#ifndef MITOGEN_SYSTEM_H
#define MITOGEN_SYSTEM_H

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a child is to be. Zero-initialise it, then fill it in. */
struct mitogen_spawn_request {
  /* The file to execute; no PATH is searched. Relative: to `directory`. */
  const char *path;
  /* NULL-terminated. */
  char *const *argv;
  char *const *envp;
  /* Working directory of the child, or NULL for the caller's. */
  const char *directory;
  /* Become descriptors 0, 1 and 2 of the child. They stay the caller's. May be equal, and may be below 3. */
  int stdio[3];
  /* Slave of a pty that becomes the child's controlling terminal, or -1 for none. It stays the caller's. */
  int terminal;
  /* MITOGEN_SPAWN_... */
  uint32_t flags;
};

/* Close what is inherited by listing /proc/self/fd, as on a kernel without close_range. For tests. */
#define MITOGEN_SPAWN_CLOSE_BY_LISTING 1u

/* Where a spawn failed, for the message. */
enum mitogen_spawn_step {
  MITOGEN_SPAWN_STEP_CLONE = 1,
  MITOGEN_SPAWN_STEP_SESSION,
  MITOGEN_SPAWN_STEP_TERMINAL,
  MITOGEN_SPAWN_STEP_STDIO,
  MITOGEN_SPAWN_STEP_DIRECTORY,
  MITOGEN_SPAWN_STEP_EXEC
};

struct mitogen_spawn_result {
  pid_t pid;
  /* Readable when the child has ended. */
  int pidfd;
  /* On failure: which step failed. */
  enum mitogen_spawn_step step;
};

/*
 * Starts a process in a session of its own, with default signals and mask, with the limit on open files that this
 * process began with, and with no descriptors but 0, 1, 2.
 *
 * Returns when the child has executed its program or failed to, so an exec error is the function's result. The
 * child borrows the caller's memory until then (CLONE_VM | CLONE_VFORK): no page table is copied, whatever this
 * process's size. The caller's thread is suspended meanwhile, other threads run on.
 *
 * Success: 0, and the caller must wait for the child (mitogen_child_reap). Failure: errno, `step` is set, and
 * nothing is left to wait for. ENOSYS with step CLONE: the kernel has no pidfd (Linux before 5.3).
 */
int mitogen_spawn(const struct mitogen_spawn_request *request, struct mitogen_spawn_result *result);

/*
 * Takes the wait status of an ended child. 0: it has ended and its PID may be used again; *signalled is 1 when a
 * signal ended it, and *value is the exit status or the signal. EAGAIN: it still runs.
 */
int mitogen_child_reap(int pidfd, int *signalled, int *value);

/* Signals exactly the process that `pidfd` stands for. ESRCH: it has ended. */
int mitogen_pidfd_signal(int pidfd, int signal);

/* A descriptor for any process, readable when it has ended. */
int mitogen_pidfd_open(pid_t pid, int *pidfd);

/*
 * Waits for many processes at once. A pidfd that was added stays until it is closed, and is reported by each wait
 * while its process is unreaped, or ended if it is nobody's child here: close it when it was reported.
 * `wait` blocks; it returns the number of pidfds that it wrote, 0 when interrupted. One thread waits; any may add.
 */
int mitogen_exit_queue_open(int *queue);
int mitogen_exit_queue_add(int queue, int pidfd);
int mitogen_exit_queue_wait(int queue, int *pidfds, int capacity);

/* A pipe whose ends are close-on-exec from the beginning; *reader is the read end. */
int mitogen_pipe(int *reader, int *writer);

/*
 * Opens a pty. Neither end becomes the caller's controlling terminal. A terminal that is `raw` passes every byte
 * unchanged and echoes nothing; else it has whole lines, no echo and no change to output: for prompts.
 */
int mitogen_open_pty(int raw, int *master, int *slave);

/*
 * This process's environment: NULL-terminated, "NAME=value". Borrowed: valid until something changes the environment,
 * which nothing in a process that launches may do.
 */
char **mitogen_environment(void);

/* Raises the soft limit on open files to the hard one, and remembers the old one for children. Once; later calls do nothing. */
int mitogen_raise_nofile(void);

/* The account at the other end of a unix socket, as it was when the socket was connected. */
int mitogen_peer_uid(int descriptor, uid_t *uid);
int mitogen_peer_pid(int descriptor, pid_t *pid);

/* A file that exists in memory only. `name` is for /proc. */
int mitogen_memfd(const char *name, int *descriptor);

/* Bytes of memory that this process occupies now; 0 when /proc cannot be read. */
uint64_t mitogen_current_rss(void);

#ifdef __cplusplus
}
#endif

#endif
