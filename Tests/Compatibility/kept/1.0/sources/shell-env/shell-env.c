/*
 * The runner shell-env: runs a kind of module that Ansible has no word for.
 *
 * It recognises such a module by its source and says how it is run; half.py, which travels with the module, runs it on the
 * target. This one takes scripts of sh in whose first lines stands `# shell-env-module`.
 */
#include "half.h"
#include "json.h"

/* What one instance holds. Two may be used on two threads at once, so nothing else is ever written. */
typedef struct {
  write_service write;
} shell_env_instance;

static int32_t open_plugin(const mitogen_host *host, void **new_instance) {
  shell_env_instance *made = malloc(sizeof *made);
  if (!made) return -1;
  made->write = (write_service)host->find(host, MITOGEN_WRITE, "i(reply,bytes)");
  if (!made->write) {
    free(made);
    return -1;
  }
  *new_instance = made;
  return MITOGEN_OK;
}

static int32_t close_plugin(shell_env_instance *self) {
  free(self);
  return MITOGEN_OK;
}

/* Runners are asked lowest first: binary 100, new-style 200, JSON_ARGS 300, WANT_JSON 400, old-style 500. */
static int32_t describe(shell_env_instance *self, mitogen_reply *reply) {
  return json_put(self->write, reply, "{\"description\":\"Runs scripts of sh that find their arguments in the environment.\",\"precedence\":150}");
}

/* The source is bytes of any kind, and not ended by NUL. */
static int32_t recognise(shell_env_instance *self, const mitogen_bytes *source, mitogen_reply *reply) {
  static const char mark[] = "\n# shell-env-module\n";
  size_t length = sizeof mark - 1, end = source->length < 1024 ? source->length : 1024;
  for (size_t at = 0; at + length <= end; at++) {
    if (memcmp(source->data + at, mark, length) == 0) return json_put(self->write, reply, "true");
  }
  return json_put(self->write, reply, "false");
}

/* Its own file only, byte for byte; the arguments as one JSON object; executed by what its first line names. */
static int32_t plan(shell_env_instance *self, mitogen_reply *reply) {
  return json_put(self->write, reply, "{\"closure\":\"none\",\"arguments\":\"json\",\"interpreter\":\"directive\"}");
}

static int32_t half(shell_env_instance *self, mitogen_reply *reply) { return json_put(self->write, reply, half_py); }

static const mitogen_operation operations[] = {
  {MITOGEN_OPEN, 0, "i(host,new_instance)", (mitogen_function)open_plugin},
  {MITOGEN_DESCRIBE, 0, "i(instance,reply)", (mitogen_function)describe},
  {MITOGEN_CLOSE, 0, "i(instance)", (mitogen_function)close_plugin},
  {MITOGEN_RUNNER_RECOGNISE, 0, "i(instance,source,reply)", (mitogen_function)recognise},
  {MITOGEN_RUNNER_PLAN, 0, "i(instance,reply)", (mitogen_function)plan},
  {MITOGEN_RUNNER_HALF, 0, "i(instance,reply)", (mitogen_function)half},
  {0, 0, NULL, NULL},
};

#define VERSION "0.1.0"

static const mitogen_plugin plugins[] = {
  {sizeof(mitogen_plugin), MITOGEN_MODULE_RUNNER, "shell-env", VERSION, "", operations},
};

static const mitogen_library library = {
  MITOGEN_MAGIC, sizeof(mitogen_library), sizeof(mitogen_plugin), sizeof(mitogen_operation),
  MITOGEN_ABI_MAJOR, MITOGEN_ABI_MINOR, VERSION, plugins, sizeof plugins / sizeof plugins[0], 0,
};

const mitogen_library *mitogen_library_v1(void) { return &library; }
