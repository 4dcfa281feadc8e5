/*
 * The connection method chroot: `ansible_connection: chroot`. A tree of files as a host, such as an image that is being made.
 *
 *   chroot ROOT COMMAND...
 *
 * It makes its plan in two steps. The first asks a probe, a command that the machine with the tree runs: whether there is a
 * shell in the tree. The second reads what came of it, and says in words of its own what is missing.
 */
#include "json.h"

#define VERSION "1.0"

/* What one instance holds. Two may be used on two threads at once, so nothing else is ever written. */
typedef struct {
  write_service write;
} chroot_instance;

static int32_t open_plugin(const mitogen_host *host, void **new_instance) {
  chroot_instance *made = malloc(sizeof *made);
  if (!made) return -1;
  made->write = (write_service)host->find(host, MITOGEN_WRITE, "i(reply,bytes)");
  if (!made->write) {
    free(made);
    return -1;
  }
  *new_instance = made;
  return MITOGEN_OK;
}

static int32_t close_plugin(chroot_instance *self) {
  free(self);
  return MITOGEN_OK;
}

static int32_t describe(chroot_instance *self, mitogen_reply *reply) {
  return json_put(
    self->write, reply,
    "{\"description\":\"Enters a tree of files by chroot.\",\"options\":["
    "{\"name\":\"remote_addr\",\"type\":\"string\",\"description\":\"The tree's root: the host's name where nothing says otherwise.\","
    "\"vars\":[\"ansible_host\",\"ansible_chroot_root\"]},"
    "{\"name\":\"chroot_exe\",\"type\":\"string\",\"description\":\"The program.\",\"default\":\"chroot\","
    "\"vars\":[\"ansible_chroot_exe\"],\"ini\":[{\"section\":\"chroot_connection\",\"key\":\"exe\"}],\"env\":[\"ANSIBLE_CHROOT_EXE\"]}]}");
}

/* An option, or what holds where it is not set. 0: it is no text that can be used, and that was said. */
static int text(chroot_instance *self, const mitogen_bytes *options, mitogen_reply *reply, const char *name, const char *otherwise,
                char *place, size_t size) {
  switch (json_text(options, name, place, size)) {
  case JSON_FOUND: return 1;
  case JSON_NOTHING:
    strncpy(place, otherwise, size - 1);
    place[size - 1] = 0;
    return 1;
  default: {
    char message[128] = "chroot: this option is no text that can be used: ";
    strncat(message, name, sizeof message - strlen(message) - 1);
    json_refuse(self->write, reply, "plugin", message, "correct its value");
    return 0;
  }
  }
}

/* Whether the one probe that was asked for ended well: `[{"rc":0,...}]`. */
static int succeeded(const mitogen_bytes *probes) {
  json_slice rest = {probes->data, probes->data ? probes->data + probes->length : probes->data};
  char status[16];
  json_blanks(&rest);
  if (!json_is(&rest, '[')) return 0;
  mitogen_bytes first = {rest.at + 1, (size_t)(rest.end - rest.at - 1)};
  return json_text(&first, "rc", status, sizeof status) == JSON_FOUND && strcmp(status, "0") == 0;
}

/* `probes` is NULL at the first call, and where a host has none to give. */
static int32_t plan(chroot_instance *self, const mitogen_bytes *options, const mitogen_bytes *probes, mitogen_reply *reply) {
  char name[1024], root[1024], program[1024], shell[1040];
  if (!text(self, options, reply, "name", "", name, sizeof name)) return MITOGEN_REFUSED;
  if (!text(self, options, reply, "remote_addr", name, root, sizeof root)) return MITOGEN_REFUSED;
  if (!text(self, options, reply, "chroot_exe", "chroot", program, sizeof program)) return MITOGEN_REFUSED;
  if (root[0] != '/') return json_refuse(self->write, reply, "plugin", "chroot: a tree's root begins with /", "correct ansible_host");
  if (probes && !succeeded(probes)) {
    char message[1152] = "chroot: there is no shell that can be executed in ";
    strncat(message, root, sizeof message - strlen(message) - 1);
    return json_refuse(self->write, reply, "unreachable", message, "check ansible_host; a tree for another machine needs an emulator");
  }

  json_put(self->write, reply, "{\"description\":");
  strcpy(shell, "chroot ");
  strncat(shell, root, sizeof shell - strlen(shell) - 1);
  json_put_text(self->write, reply, shell);
  if (!probes) {
    json_put(self->write, reply, ",\"argv\":[],\"probes\":[[");
    json_put_text(self->write, reply, program);
    json_put(self->write, reply, ",");
    json_put_text(self->write, reply, root);
    return json_put(self->write, reply, ",\"/bin/sh\",\"-c\",\":\"]]}");
  }
  json_put(self->write, reply, ",\"argv\":[");
  json_put_text(self->write, reply, program);
  json_put(self->write, reply, ",");
  json_put_text(self->write, reply, root);
  return json_put(
    self->write, reply,
    ",{\"bootstrap\":\"argv\"}],\"stdio\":\"socketpair\",\"interpreter\":\"discover\",\"leaves_machine\":false,\"timeout\":10}");
}

static const mitogen_operation operations[] = {
  {MITOGEN_OPEN, 0, "i(host,new_instance)", (mitogen_function)open_plugin},
  {MITOGEN_DESCRIBE, 0, "i(instance,reply)", (mitogen_function)describe},
  {MITOGEN_CLOSE, 0, "i(instance)", (mitogen_function)close_plugin},
  {MITOGEN_CONNECTION_PLAN, 0, "i(instance,options,probes?,reply)", (mitogen_function)plan},
  {0, 0, NULL, NULL},
};

static const mitogen_plugin plugins[] = {
  {sizeof(mitogen_plugin), MITOGEN_CONNECTION_METHOD, "chroot", VERSION, "", operations},
};

static const mitogen_library library = {
  MITOGEN_MAGIC, sizeof(mitogen_library), sizeof(mitogen_plugin), sizeof(mitogen_operation),
  MITOGEN_ABI_MAJOR, MITOGEN_ABI_MINOR, VERSION, plugins, sizeof plugins / sizeof plugins[0], 0,
};

const mitogen_library *mitogen_library_v1(void) { return &library; }
