/* The least that a connection method in C can be: also the example to begin with. */
#include "mitogen_plugin.h"

#include <string.h>

typedef int32_t (*write_service)(mitogen_reply *reply, const mitogen_bytes *bytes);
static write_service write_reply;

static int32_t answer(mitogen_reply *reply, const char *text) {
  mitogen_bytes bytes = {(const uint8_t *)text, strlen(text)};
  return write_reply(reply, &bytes);
}

/* Without state, the plugin needs no instance. */
static int32_t open_plugin(const mitogen_host *host) {
  write_reply = (write_service)host->find(host, MITOGEN_WRITE, "i(reply,bytes)");
  return write_reply ? MITOGEN_OK : MITOGEN_REFUSED;
}

static int32_t describe(mitogen_reply *reply) {
  return answer(reply, "{\"description\":\"Enters a cell by cell-enter.\",\"options\":["
                       "{\"name\":\"cell\",\"type\":\"string\",\"vars\":[\"ansible_host\"],\"description\":\"Its name.\"}]}");
}

static int32_t plan(const mitogen_bytes *options, mitogen_reply *reply) {
  /* A real one reads the options; this one looks for one word. */
  if (options->length >= 6 && memcmp(options->data, "{\"no\":", 6) == 0) {
    answer(reply, "{\"code\":\"unreachable\",\"message\":\"there is no cell\",\"hint\":\"set ansible_host\"}");
    return MITOGEN_REFUSED;
  }
  /* An answer may be written in pieces. */
  answer(reply, "{\"argv\":[\"cell-enter\",\"blue\",{\"bootstrap\":\"argv\"}],");
  return answer(reply, "\"stdio\":\"pipes\",\"interpreter\":\"discover\",\"description\":\"cell blue\",\"timeout\":10}");
}

static const mitogen_operation operations[] = {
  {MITOGEN_OPEN, 0, "i(host)", (mitogen_function)open_plugin},
  {MITOGEN_DESCRIBE, 0, "i(reply)", (mitogen_function)describe},
  {MITOGEN_CONNECTION_PLAN, 0, "i(options,reply)", (mitogen_function)plan},
  {0, 0, NULL, NULL},
};

static const mitogen_plugin plugins[] = {
  {sizeof(mitogen_plugin), MITOGEN_CONNECTION_METHOD, "cell", "1.2", "", operations},
};

static const mitogen_library library = {
  MITOGEN_MAGIC, sizeof(mitogen_library), sizeof(mitogen_plugin), sizeof(mitogen_operation),
  MITOGEN_ABI_MAJOR, MITOGEN_ABI_MINOR, "1.2", plugins, 1, 0,
};

const mitogen_library *mitogen_library_v1(void) { return &library; }
