/*
 * Into the namespaces of another process. They are opened by whoever spawns, and joined by the child: `join` is
 * async-signal-safe.
 */
#define _GNU_SOURCE
#include "entry.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[MITOGEN_NAMESPACE_COUNT] = {"ipc", "uts", "net", "pid", "mnt", "user"};

static int same(int descriptor, const char *path) {
  struct stat theirs, ours;
  return fstat(descriptor, &theirs) == 0 && stat(path, &ours) == 0 && theirs.st_dev == ours.st_dev &&
         theirs.st_ino == ours.st_ino;
}

int mitogen_entry_open(pid_t pid, uint32_t wanted, struct mitogen_entry *entry) {
  char path[64];
  memset(entry, 0, sizeof *entry);
  for (int i = 0; i < MITOGEN_NAMESPACE_COUNT; i++) entry->namespaces[i] = -1;
  snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
  entry->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (entry->root < 0) return errno;
  entry->is_elsewhere = !same(entry->root, "/");
  for (int i = 0; i < MITOGEN_NAMESPACE_COUNT; i++) {
    if (!(wanted & (1u << i))) continue;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, names[i]);
    int theirs = open(path, O_RDONLY | O_CLOEXEC);
    if (theirs < 0) {
      int error = errno;
      char own[64];
      snprintf(own, sizeof own, "/proc/self/ns/%s", names[i]);
      /* A kernel without this kind has it for nobody. */
      if (error == ENOENT && access(own, F_OK) < 0) continue;
      mitogen_entry_close(entry);
      return error;
    }
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    if (same(theirs, path)) {
      close(theirs);
      continue;
    }
    entry->namespaces[i] = theirs;
    entry->is_elsewhere = 1;
  }
  return 0;
}

void mitogen_entry_close(struct mitogen_entry *entry) {
  for (int i = 0; i < MITOGEN_NAMESPACE_COUNT; i++) {
    if (entry->namespaces[i] >= 0) close(entry->namespaces[i]);
    entry->namespaces[i] = -1;
  }
  if (entry->root >= 0) close(entry->root);
  entry->root = -1;
}

/*
 * The user namespace last where we are privileged: in it we are no longer, outside of it. Where we are not, but own
 * it, joining it is what gives the right to the others: those that refused are tried again behind it.
 */
enum mitogen_spawn_step mitogen_entry_join(const struct mitogen_entry *entry) {
  int left[MITOGEN_NAMESPACE_COUNT];
  const int user = entry->namespaces[MITOGEN_NAMESPACE_USER];
  memcpy(left, entry->namespaces, sizeof left);
  left[MITOGEN_NAMESPACE_USER] = -1;
  for (int last = user < 0;; last = 1) {
    for (int i = 0; i < MITOGEN_NAMESPACE_COUNT; i++) {
      if (left[i] < 0) continue;
      if (setns(left[i], 0) == 0) {
        left[i] = -1;
      } else if (last || errno != EPERM) {
        return MITOGEN_SPAWN_STEP_JOIN;
      }
    }
    if (last) break;
    if (setns(user, 0) < 0) return MITOGEN_SPAWN_STEP_JOIN;
  }
  /* A process may have a root below that of its mount namespace. */
  if (fchdir(entry->root) < 0 || chroot(".") < 0 || chdir("/") < 0) return MITOGEN_SPAWN_STEP_ROOT;
  return 0;
}
