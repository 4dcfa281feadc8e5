/* Between entry.c, account.c and spawn.c only. All of it runs between clone and exec: async-signal-safe. */
#ifndef MITOGEN_ENTRY_H
#define MITOGEN_ENTRY_H

#include "mitogen_system.h"

/* Joins the namespaces and takes the root. 0, or the step that failed, with errno. */
enum mitogen_spawn_step mitogen_entry_join(const struct mitogen_entry *entry) __attribute__((visibility("hidden")));

/*
 * Becomes the account, which is looked up under the new root, and adds its variables to `envp`, but for those that
 * `without` names. 0, or the step that failed, with errno. In a process of one thread with its own memory.
 */
enum mitogen_spawn_step mitogen_entry_become(const struct mitogen_entry *entry, char **envp, char *const *without)
    __attribute__((visibility("hidden")));

#endif
