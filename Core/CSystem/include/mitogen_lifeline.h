/*
 * What tells a process that its time is over.
 */
#ifndef MITOGEN_LIFELINE_H
#define MITOGEN_LIFELINE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Blocks SIGTERM and SIGINT in the calling thread, and in those that it makes later, and gives a descriptor that is
 * readable when one of them has come. To be called before other threads exist.
 * Returns 0 or an errno. The descriptor is the caller's; it is closed on exec.
 */
int mitogen_block_end_signals(int *descriptor);

/* Waits until one of two descriptors is readable; a negative one never is. Returns 0 or 1 for which, -1 on failure. */
int mitogen_wait_readable(int first, int second);

#ifdef __cplusplus
}
#endif

#endif
