/* Between nofile.c and spawn.c only. */
#ifndef MITOGEN_NOFILE_H
#define MITOGEN_NOFILE_H

/* In a child: gives back the soft limit that this process began with. Async-signal-safe. */
void mitogen_restore_nofile(void) __attribute__((visibility("hidden")));

#endif
