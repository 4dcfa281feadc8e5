/*
 * Accounts of a root that is not ours, and becoming one. By hand: glibc's functions would load name services from
 * there into a process that still has our rights, and none of them is async-signal-safe.
 */
#define _GNU_SOURCE
#include "entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIELDS = 7, LINE = 65536 };

/* Lines of a file, one after another. A line that does not fit is left out. */
struct lines {
  int descriptor;
  size_t start, end;
  char buffer[LINE];
};

/* A container may have anything under this name, also what never answers. */
static int open_regular(const char *path) {
  struct stat status;
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (descriptor >= 0 && (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode))) {
    close(descriptor);
    return -1;
  }
  return descriptor;
}

static char *next_line(struct lines *lines) {
  int too_long = 0;
  if (lines->descriptor < 0) return NULL;
  for (;;) {
    char *begin = lines->buffer + lines->start;
    char *newline = memchr(begin, '\n', lines->end - lines->start);
    if (newline) {
      *newline = '\0';
      lines->start = (size_t)(newline - lines->buffer) + 1;
      if (!too_long) return begin;
      too_long = 0;
      continue;
    }
    if (lines->start == 0 && lines->end == LINE - 1) {
      too_long = 1;
      lines->end = 0;
    }
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    ssize_t count = read(lines->descriptor, lines->buffer + lines->end, LINE - 1 - lines->end);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      close(lines->descriptor);
      lines->descriptor = -1;
      if (lines->end == 0 || too_long) return NULL;
      lines->buffer[lines->end] = '\0';
      lines->end = 0;
      return lines->buffer;
    }
    lines->end += (size_t)count;
  }
}

/* Cuts a line at its colons; the fields that it has not are empty. Returns how many it has. */
static int split(char *line, char *fields[FIELDS]) {
  int count = 0;
  char *end = line + strlen(line);
  for (int i = 0; i < FIELDS; i++) fields[i] = end;
  while (count < FIELDS) {
    fields[count++] = line;
    char *colon = strchr(line, ':');
    if (!colon) break;
    *colon = '\0';
    line = colon + 1;
  }
  return count;
}

/* Decimal digits only; the last number means "no change" to the kernel. */
static int number(const char *text, uint32_t *value) {
  uint64_t result = 0;
  if (!*text) return 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return 0;
    result = result * 10 + (uint64_t)(*text - '0');
    if (result >= UINT32_MAX) return 0;
  }
  *value = (uint32_t)result;
  return 1;
}

static int copy(char *to, size_t size, const char *text) {
  size_t length = strlen(text);
  if (length >= size) return 0;
  memcpy(to, text, length + 1);
  return 1;
}

static int lists(const char *members, const char *name) {
  size_t length = strlen(name);
  while (*members) {
    const char *end = strchrnul(members, ',');
    if ((size_t)(end - members) == length && memcmp(members, name, length) == 0) return 1;
    members = *end ? end + 1 : end;
  }
  return 0;
}

/* Too large for a stack; each is used by one process of one thread. */
static struct lines lines;
static struct mitogen_account found;
static char variables[MITOGEN_ENTRY_VARIABLES][1280];

static void begin(const char *path) {
  lines.start = lines.end = 0;
  lines.descriptor = open_regular(path);
}

static void finish(void) {
  if (lines.descriptor >= 0) close(lines.descriptor);
}

static int find_user(const char *passwd, const char *user, struct mitogen_account *account) {
  char *line, *fields[FIELDS];
  uint32_t asked = 0, uid, gid;
  int is_number = number(user, &asked), is_there = 0;
  begin(passwd);
  while (!is_there && (line = next_line(&lines))) {
    if (split(line, fields) < 4 || !number(fields[2], &uid) || !number(fields[3], &gid)) continue;
    if (strcmp(fields[0], user) != 0 && !(is_number && uid == asked)) continue;
    is_there = copy(account->name, sizeof account->name, fields[0]) &&
               copy(account->home, sizeof account->home, *fields[5] ? fields[5] : "/") &&
               copy(account->shell, sizeof account->shell, *fields[6] ? fields[6] : "/bin/sh");
    account->uid = uid;
    account->gid = gid;
  }
  finish();
  if (is_there) return 1;
  if (!is_number) return 0;
  /* As container tools have it: a number needs no entry. */
  account->uid = asked;
  account->gid = 0;
  account->name[0] = '\0';
  copy(account->home, sizeof account->home, "/");
  copy(account->shell, sizeof account->shell, "/bin/sh");
  return 1;
}

/* The groups that list the account; or, with `name`, that one group alone. */
static int find_groups(const char *group, const char *name, struct mitogen_account *account) {
  char *line, *fields[FIELDS];
  uint32_t asked = 0, gid;
  int is_number = name && number(name, &asked), is_there = !name;
  account->group_count = 0;
  begin(group);
  while ((line = next_line(&lines))) {
    if (split(line, fields) < 3 || !number(fields[2], &gid)) continue;
    if (name) {
      if (strcmp(fields[0], name) != 0 && !(is_number && gid == asked)) continue;
      account->gid = gid;
      is_there = 1;
      break;
    }
    if (*account->name && account->group_count < MITOGEN_ACCOUNT_GROUPS && lists(fields[3], account->name)) {
      account->groups[account->group_count++] = gid;
    }
  }
  finish();
  if (is_there || !is_number) return is_there;
  account->gid = asked;
  return 1;
}

int mitogen_find_account(
    const char *passwd, const char *group, const char *user, const char *group_name, struct mitogen_account *account) {
  memset(account, 0, sizeof *account);
  if (!find_user(passwd, user, account)) return MITOGEN_SPAWN_STEP_USER;
  return find_groups(group, group_name, account) ? 0 : MITOGEN_SPAWN_STEP_GROUP;
}

static void set_variable(char **envp, char *place, size_t size, const char *name, const char *value) {
  size_t length = strlen(name);
  for (; *envp; envp++) {
    if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=') return;
  }
  copy(place, size, name);
  place[length] = '=';
  if (copy(place + length + 1, size - length - 1, value)) *envp = place;
}

static int names(char *const *list, const char *name) {
  for (; list && *list; list++) {
    if (strcmp(*list, name) == 0) return 1;
  }
  return 0;
}

void mitogen_add_account_variables(char **envp, char *const *without, const struct mitogen_account *account) {
  const char *const values[MITOGEN_ENTRY_VARIABLES][2] = {
      {"HOME", account->home}, {"USER", account->name}, {"LOGNAME", account->name}, {"SHELL", account->shell}};
  for (int i = 0; i < MITOGEN_ENTRY_VARIABLES; i++) {
    if (!*values[i][1] || names(without, values[i][0])) continue;
    set_variable(envp, variables[i], sizeof variables[i], values[i][0], values[i][1]);
  }
}

/* By system call: glibc's functions would change all threads that it believes to be there. */
enum mitogen_spawn_step mitogen_entry_become(const struct mitogen_entry *entry, char **envp, char *const *without) {
  int step = mitogen_find_account("/etc/passwd", "/etc/group", entry->user, entry->group, &found);
  if (step != 0) {
    errno = ENOENT;
    return (enum mitogen_spawn_step)step;
  }
  mitogen_add_account_variables(envp, without, &found);
  long result = syscall(SYS_setgroups, (size_t)found.group_count, found.groups);
  /* A user namespace may refuse this to everybody, and then those that we have mean nobody in there. */
  if (result < 0 && !(errno == EPERM && entry->namespaces[MITOGEN_NAMESPACE_USER] >= 0)) {
    return MITOGEN_SPAWN_STEP_ACCOUNT;
  }
  if (syscall(SYS_setresgid, found.gid, found.gid, found.gid) < 0) return MITOGEN_SPAWN_STEP_ACCOUNT;
  if (syscall(SYS_setresuid, found.uid, found.uid, found.uid) < 0) return MITOGEN_SPAWN_STEP_ACCOUNT;
  return 0;
}
