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

/* In the order in which they are joined; the user namespace as `entry.c` says. */
enum mitogen_namespace {
  MITOGEN_NAMESPACE_IPC,
  MITOGEN_NAMESPACE_UTS,
  MITOGEN_NAMESPACE_NET,
  MITOGEN_NAMESPACE_PID,
  MITOGEN_NAMESPACE_MNT,
  MITOGEN_NAMESPACE_USER,
  MITOGEN_NAMESPACE_COUNT
};

/* Where a child goes before it executes its program, and whom it becomes there. */
struct mitogen_entry {
  /* Descriptors; -1: the child stays in ours. */
  int namespaces[MITOGEN_NAMESPACE_COUNT];
  int root;
  /* Whether a namespace or the root differs from ours. */
  int is_elsewhere;
  /* Name or number in the /etc/passwd that is found there. The caller's. */
  const char *user;
  /* Name or number in its /etc/group, which becomes the only group; NULL: the account's own groups. The caller's. */
  const char *group;
};

/*
 * Opens what is to be entered of a process: the namespaces of `wanted` (bits 1 << MITOGEN_NAMESPACE_…) that are not
 * ours, and its root. ENOENT or ESRCH: it has ended; EACCES or EPERM: it may not be entered. Close it after success;
 * `user` and `group` are NULL, and `user` is to be set.
 */
int mitogen_entry_open(pid_t pid, uint32_t wanted, struct mitogen_entry *entry);
void mitogen_entry_close(struct mitogen_entry *entry);

/* Seconds from joining to exec: what a container has under any path may never answer. */
#define MITOGEN_ENTRY_SECONDS 5
/* HOME, USER, LOGNAME, SHELL. */
#define MITOGEN_ENTRY_VARIABLES 4
/* Of an account that is in more, the others are left out. */
#define MITOGEN_ACCOUNT_GROUPS 1024

struct mitogen_account {
  uid_t uid;
  gid_t gid;
  /* Empty: a number without an entry. */
  char name[256];
  char home[1024];
  char shell[1024];
  int group_count;
  gid_t groups[MITOGEN_ACCOUNT_GROUPS];
};

/*
 * Looks an account up in files of the form of /etc/passwd and /etc/group. 0, or MITOGEN_SPAWN_STEP_USER or _GROUP for
 * what is not there. One call at a time in a process; async-signal-safe.
 */
int mitogen_find_account(
    const char *passwd, const char *group, const char *user, const char *group_name, struct mitogen_account *account);

/*
 * Adds the account's variables to `envp`, without those that it has already or that `without` names (see below). Behind
 * the NULL of `envp` there are MITOGEN_ENTRY_VARIABLES more places. What is added belongs to this library and lasts
 * until the next call. One call at a time in a process; async-signal-safe.
 */
void mitogen_add_account_variables(char **envp, char *const *without, const struct mitogen_account *account);

/* What a child is to be. Zero-initialise it, then fill it in. */
struct mitogen_spawn_request {
  /* NULL-terminated: the file to execute, or several of which the first that is there is executed. Relative: to
   * `directory`. */
  char *const *paths;
  /* NULL-terminated. */
  char *const *argv;
  /* NULL-terminated. With `entry`, MITOGEN_ENTRY_VARIABLES more places behind the NULL are the child's to use. */
  char *const *envp;
  /* With `entry`: names of the account's variables that the child is not to have; NULL-terminated, or NULL for none. */
  char *const *without;
  /* Working directory of the child, or NULL for the caller's. */
  const char *directory;
  /* Become descriptors 0, 1 and 2 of the child. They stay the caller's. May be equal, and may be below 3. */
  int stdio[3];
  /* Slave of a pty that becomes the child's controlling terminal, or -1 for none. It stays the caller's. */
  int terminal;
  /* MITOGEN_SPAWN_... */
  uint32_t flags;
  /* NULL: the child stays where the caller is. All paths are meant in there, and the directory is / if none is said. */
  const struct mitogen_entry *entry;
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
  MITOGEN_SPAWN_STEP_EXEC,
  /* With `entry`: a namespace, the root, its passwd (ENOENT: no such user), its group, the account's numbers. */
  MITOGEN_SPAWN_STEP_JOIN,
  MITOGEN_SPAWN_STEP_ROOT,
  MITOGEN_SPAWN_STEP_USER,
  MITOGEN_SPAWN_STEP_GROUP,
  MITOGEN_SPAWN_STEP_ACCOUNT,
  /* With `entry`: not within MITOGEN_ENTRY_SECONDS. */
  MITOGEN_SPAWN_STEP_TIME
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
 * With `entry` the child has a copy of the memory instead, and nobody may look at it (PR_SET_DUMPABLE): it is visible
 * in a PID namespace whose root is not ours. It is the caller's child all the same (CLONE_PARENT), with a PID and a
 * status like any other; the process that joined the namespaces before it has ended when the function returns.
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
