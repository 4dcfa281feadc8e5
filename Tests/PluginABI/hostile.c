/*
 * Libraries that are wrong in one way each: compile with -DMISTAKE=NAME. What is not that mistake is right, so a
 * test that passes shows that this mistake, and no other, was found.
 */
#define _GNU_SOURCE
#include "mitogen_plugin.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  NONE, WRONG_MAGIC, OTHER_ABI, SHORT_LIBRARY, SHORT_PLUGIN, SHORT_OPERATION, SHORT_ENTRY, NULL_TABLE, NO_PLUGINS,
  BAD_NAME, NO_PLAN, NULL_FUNCTION, UNKNOWN_REQUIRED, BAD_SIGNATURE, ENDLESS_OPERATIONS, STRANGE_RESULT, NOT_JSON,
  NO_BOOTSTRAP, MUTE_REFUSAL, TOO_MUCH, STALE_REPLY, OPEN_FAILS,
  CRASH, ABORT, EXIT, HANG, CONSTRUCTOR_HANGS, CONSTRUCTOR_CRASHES, CLOSES_DESCRIPTORS, CHATTER,
  READS_BEYOND, WRITES_INPUT, KEEPS_INPUT, NEEDS_OPTIONAL, ONE_THREAD, ONE_HOST, FICKLE, STRANGE_SLOT, NO_DESCRIPTION,
  PASSES_ON_BYTES
};
static const int mistake = MISTAKE;

typedef int32_t (*write_service)(mitogen_reply *reply, const mitogen_bytes *bytes);
static write_service write_reply;
static mitogen_reply *kept;

static int32_t answer(mitogen_reply *reply, const char *text) {
  mitogen_bytes bytes = {(const uint8_t *)text, strlen(text)};
  return write_reply(reply, &bytes);
}

static void for_ever(void) {
  for (;;) pause();
}

__attribute__((constructor)) static void begin(void) {
  if (mistake == CONSTRUCTOR_HANGS) for_ever();
  if (mistake == CONSTRUCTOR_CRASHES) raise(SIGSEGV);
}

static int32_t open_plugin(const mitogen_host *host) {
  write_reply = (write_service)host->find(host, MITOGEN_WRITE, "i(reply,bytes)");
  if (mistake == OPEN_FAILS) return 42;
  if (mistake == ONE_HOST && host->size != sizeof *host) return 43;
  return MITOGEN_OK;
}

static int32_t describe(mitogen_reply *reply) {
  if (mistake == NO_DESCRIPTION) return answer(reply, "{\"description\":\"\",\"options\":[]}");
  return answer(reply, "{\"description\":\"Is wrong in one way.\",\"options\":[]}");
}

static const char good_plan[] =
  "{\"argv\":[\"x\",{\"bootstrap\":\"argv\"}],\"stdio\":\"pipes\",\"interpreter\":\"direct\",\"description\":\"x\",\"timeout\":1}";

static int32_t plan(const mitogen_bytes *options, mitogen_reply *reply) {
  static int calls;
  switch (mistake) {
  case READS_BEYOND: /* a text of C's ends with NUL; this one does not */
    if (options->length && ((const volatile uint8_t *)options->data)[options->length]) return 79;
    break;
  case WRITES_INPUT:
    if (options->length) *(uint8_t *)options->data = ' ';
    break;
  case KEEPS_INPUT: {
    static const uint8_t *kept_input;
    if (kept_input && *kept_input == 0) return 80;
    kept_input = options->length ? options->data : NULL;
    break;
  }
  case ONE_THREAD: {
    static atomic_int inside;
    if (atomic_fetch_add(&inside, 1)) return 81;
    for (int i = 0; i < 100; i++) sched_yield();
    atomic_fetch_sub(&inside, 1);
    break;
  }
  case FICKLE: {
    char text[200];
    snprintf(text, sizeof text, "{\"argv\":[\"x%d\",{\"bootstrap\":\"argv\"}],\"description\":\"x\"}", calls++);
    return answer(reply, text);
  }
  case STRANGE_SLOT:
    return answer(reply, "{\"argv\":[\"x\",{\"bootstrap\":\"argv\"}],\"description\":\"x\",\"prompts\":["
                         "{\"match\":\"contains\",\"text\":\"pin:\",\"then\":{\"send\":\"pin\"}}]}");
  case PASSES_ON_BYTES:
    answer(reply, "{\"argv\":[\"x\",{\"bootstrap\":\"argv\"}],\"description\":\"");
    for (size_t i = 0; i < options->length; i++) {
      mitogen_bytes byte = {options->data + i, 1};
      if (options->data[i] != '"' && options->data[i] != '\\') write_reply(reply, &byte);
    }
    return answer(reply, "\"}");
  case STRANGE_RESULT: return 77;
  case NOT_JSON: return answer(reply, "certainly");
  case NO_BOOTSTRAP: return answer(reply, "{\"argv\":[\"x\"],\"description\":\"x\"}");
  case MUTE_REFUSAL: return MITOGEN_REFUSED;
  case CRASH: *(volatile int *)8 = 1; break;
  case ABORT:
    fputs("acme: assertion failed: moon is full\n", stderr);
    abort();
  case EXIT: exit(0);
  case HANG: for_ever(); break;
  case CLOSES_DESCRIPTORS:
    for (int i = 3; i < 100; i++) close(i);
    break;
  case CHATTER: /* far more than a pipe holds */
    for (int i = 0; i < 20000; i++) fputs("chatter chatter chatter\n", stderr), puts("chatter");
    break;
  case TOO_MUCH: {
    static uint8_t block[1 << 20];
    mitogen_bytes bytes = {block, sizeof block};
    for (int i = 0; i < 64; i++) {
      int32_t status = write_reply(reply, &bytes);
      if (status == MITOGEN_TOO_MUCH) return 1000 + i;
    }
    return 1;
  }
  case STALE_REPLY:
    /* The first call keeps its handle, the second writes to it beside its own. */
    if (calls++ == 0) {
      kept = reply;
    } else if (answer(kept, "stolen") != MITOGEN_STALE) {
      return 78;
    }
    break;
  }
  return answer(reply, good_plan);
}

static int32_t plan_of_probes(const mitogen_bytes *probes, mitogen_reply *reply) {
  return probes->length < 1 << 30 ? answer(reply, good_plan) : 82;
}

static mitogen_operation operations[1100];

static mitogen_plugin plugins[1] = {
  {sizeof(mitogen_plugin), MITOGEN_CONNECTION_METHOD, "acme", "1", "", operations},
};

static mitogen_library library = {
  MITOGEN_MAGIC, sizeof(mitogen_library), sizeof(mitogen_plugin), sizeof(mitogen_operation),
  MITOGEN_ABI_MAJOR, MITOGEN_ABI_MINOR, "1", plugins, 1, 0,
};

/* -DENTRY=NAME: a library with another entry. */
#ifndef ENTRY
#define ENTRY mitogen_library_v1
#endif
const mitogen_library *ENTRY(void);

const mitogen_library *ENTRY(void) {
  mitogen_operation *next = operations;
  *next++ = (mitogen_operation){MITOGEN_OPEN, 0, "i(host)", (mitogen_function)open_plugin};
  *next++ = (mitogen_operation){MITOGEN_DESCRIBE, 0, "i(reply)", (mitogen_function)describe};
  if (mistake != NO_PLAN) {
    const char *signature = mistake == UNKNOWN_REQUIRED ? "i(options,wallet,reply)"
                            : mistake == BAD_SIGNATURE  ? "int(options, reply)"
                            : mistake == NEEDS_OPTIONAL ? "i(probes?,reply)"
                                                        : "i(options,reply)";
    mitogen_function function = mistake == NULL_FUNCTION    ? NULL
                                : mistake == NEEDS_OPTIONAL ? (mitogen_function)plan_of_probes
                                                            : (mitogen_function)plan;
    *next++ = (mitogen_operation){MITOGEN_CONNECTION_PLAN, 0, signature, function};
  }
  if (mistake == ENDLESS_OPERATIONS)
    while (next < operations + 1100) *next++ = (mitogen_operation){4000, 0, "i()", (mitogen_function)plan};

  if (mistake == NULL_TABLE) return NULL;
  if (mistake == WRONG_MAGIC) library.magic = 0x1234;
  if (mistake == OTHER_ABI) library.abi_major = 2;
  if (mistake == SHORT_LIBRARY) library.size = 16;
  if (mistake == SHORT_PLUGIN) library.plugin_size = 8;
  if (mistake == SHORT_OPERATION) library.operation_size = 16;
  if (mistake == SHORT_ENTRY) plugins[0].size = 8;
  if (mistake == NO_PLUGINS) library.plugin_count = 0;
  if (mistake == BAD_NAME) plugins[0].name = "../acme";
  return &library;
}
