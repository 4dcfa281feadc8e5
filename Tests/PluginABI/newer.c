/*
 * A library of a later ABI 1.x: every struct has grown, there is a kind, an operation, a feature and an argument
 * that this host does not know, and it asks for services and forms of services that do not exist yet.
 * All of it is its right: it must work, with what both sides know.
 */
#include "mitogen_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  mitogen_operation old;
  const char *since;
} new_operation;
typedef struct {
  mitogen_plugin old;
  const char *licence;
  uint64_t flags;
} new_plugin;
typedef struct {
  mitogen_library old;
  const char *vendor;
} new_library;

/* Arguments in another order than the host's, and one that no host has. */
typedef int32_t (*write_service)(void *encoding, const mitogen_bytes *bytes, mitogen_reply *reply);
typedef int32_t (*log_service)(const mitogen_bytes *text, const mitogen_plugin *plugin, const char *level);
static write_service write_reply;
static log_service write_log;

typedef struct {
  const mitogen_plugin *entry;
  int calls;
} state;

static int32_t answer(mitogen_reply *reply, const char *text) {
  mitogen_bytes bytes = {(const uint8_t *)text, strlen(text)};
  return write_reply(NULL, &bytes, reply);
}

static int32_t open_plugin(const mitogen_plugin *plugin, void **new_instance, const mitogen_host *host, void *journal) {
  if (journal) return 90;
  if (host->find(host, 1999, "i(reply)")) return 91;
  if (host->find(host, MITOGEN_WRITE, "i(reply,bytes,encoding)")) return 92; /* required and unknown */
  if (host->find(host, MITOGEN_WRITE, "v(reply,bytes)")) return 93;
  write_reply = (write_service)host->find(host, MITOGEN_WRITE, "i(encoding?,bytes,reply)");
  write_log = (log_service)host->find(host, MITOGEN_LOG, "i(text,plugin,level)");
  if (!write_reply || !write_log) return 94;
  state *made = calloc(1, sizeof *made);
  made->entry = plugin;
  *new_instance = made;
  return MITOGEN_OK;
}

static int32_t describe(state *instance, mitogen_reply *reply) {
  (void)instance;
  return answer(reply, "{\"description\":\"later\",\"colour\":\"blue\",\"options\":["
                       "{\"name\":\"x\",\"type\":\"string\",\"description\":\"Unused.\",\"range\":[1,2]}]}");
}

static int32_t plan(state *instance, void *deadline, const mitogen_bytes *probes, const mitogen_bytes *options,
                    mitogen_reply *reply) {
  char text[300];
  mitogen_bytes line = {(const uint8_t *)"planning", 8};
  if (deadline) return 95;
  if (write_log(&line, instance->entry, "info") != MITOGEN_OK) return 96;
  snprintf(text, sizeof text,
           "{\"argv\":[\"later\",\"call %d\",\"%s\",\"%zu\",{\"bootstrap\":\"shell\"}],\"description\":\"later\","
           "\"mood\":\"good\",\"stdio\":\"pipes\",\"interpreter\":\"direct\",\"timeout\":5}",
           ++instance->calls, probes ? "probes" : "no probes", options->length);
  return answer(reply, text);
}

static int32_t dance(void *partner) { return partner != NULL; }

static const new_operation operations[] = {
  {{5000, 0, "i(partner)", (mitogen_function)dance}, "1.9"},
  {{MITOGEN_CONNECTION_PLAN, 0, "i(instance,deadline?,probes?,options,reply)", (mitogen_function)plan}, "1.0"},
  {{MITOGEN_DESCRIBE, 0, "i(instance,reply)", (mitogen_function)describe}, "1.0"},
  {{MITOGEN_OPEN, 0, "i(plugin,new_instance,host,journal?)", (mitogen_function)open_plugin}, "1.0"},
  {{0, 0, NULL, NULL}, NULL},
};

static const new_plugin plugins[] = {
  {{sizeof(new_plugin), 77, "dancer", "9", "", NULL}, "MIT", 1},
  {{sizeof(new_plugin), MITOGEN_CONNECTION_METHOD, "later", "9", "become teleport", &operations[0].old}, "MIT", 1},
};

static const new_library library = {
  {MITOGEN_MAGIC, sizeof(new_library), sizeof(new_plugin), sizeof(new_operation), MITOGEN_ABI_MAJOR, 9, "9",
   &plugins[0].old, 2, 0},
  "Acme",
};

const mitogen_library *mitogen_library_v1(void) { return &library.old; }
