/*
 * The become method ticket: `become_method: ticket`.
 *
 * A site whose administrators act under the number of a ticket has a program for it:
 *
 *   ticket-run --ticket NUMBER --user USER -- COMMAND...
 *
 * It runs COMMAND as USER with its own stdin and stdout, asks for a password on its terminal, and refuses where the ticket
 * is closed. Without a number nothing is started: the playbook is told what is missing.
 */
#include "json.h"

#define VERSION "1.0"

/* What one instance holds. Two may be used on two threads at once, so nothing else is ever written. */
typedef struct {
  write_service write;
} ticket_instance;

static int32_t open_plugin(const mitogen_host *host, void **new_instance) {
  ticket_instance *made = malloc(sizeof *made);
  if (!made) return -1;
  made->write = (write_service)host->find(host, MITOGEN_WRITE, "i(reply,bytes)");
  if (!made->write) {
    free(made);
    return -1;
  }
  *new_instance = made;
  return MITOGEN_OK;
}

static int32_t close_plugin(ticket_instance *self) {
  free(self);
  return MITOGEN_OK;
}

static int32_t describe(ticket_instance *self, mitogen_reply *reply) {
  return json_put(
    self->write, reply,
    "{\"description\":\"Becomes an account under the number of a ticket, by ticket-run.\",\"options\":["
    "{\"name\":\"become_user\",\"type\":\"string\",\"description\":\"The account.\",\"default\":\"root\","
    "\"vars\":[\"ansible_become_user\"]},"
    "{\"name\":\"ticket\",\"type\":\"string\",\"description\":\"The ticket's number. There has to be one.\","
    "\"vars\":[\"ansible_ticket\"],\"env\":[\"TICKET\"],\"ini\":[{\"section\":\"ticket_become_plugin\",\"key\":\"ticket\"}]},"
    "{\"name\":\"become_exe\",\"type\":\"string\",\"description\":\"The program.\",\"default\":\"ticket-run\","
    "\"vars\":[\"ansible_become_exe\",\"ansible_ticket_exe\"],\"env\":[\"ANSIBLE_TICKET_EXE\"]},"
    "{\"name\":\"password\",\"type\":\"string\",\"secret\":true,\"description\":\"What the program asks for.\","
    "\"vars\":[\"ansible_become_password\",\"ansible_become_pass\"]}]}");
}

/* An option, or what holds where it is not set. 0: it is no text that can be used, and that was said. */
static int text(ticket_instance *self, const mitogen_bytes *options, mitogen_reply *reply, const char *name, const char *otherwise,
                char *place, size_t size) {
  switch (json_text(options, name, place, size)) {
  case JSON_FOUND: return 1;
  case JSON_NOTHING:
    strncpy(place, otherwise, size - 1);
    place[size - 1] = 0;
    return 1;
  default: {
    char message[128] = "ticket: this option is no text that can be used: ";
    strncat(message, name, sizeof message - strlen(message) - 1);
    json_refuse(self->write, reply, "become", message, "correct its value");
    return 0;
  }
  }
}

static int32_t plan(ticket_instance *self, const mitogen_bytes *options, mitogen_reply *reply) {
  char user[256], program[1024], ticket[64];
  if (!text(self, options, reply, "become_user", "root", user, sizeof user)) return MITOGEN_REFUSED;
  if (!text(self, options, reply, "become_exe", "ticket-run", program, sizeof program)) return MITOGEN_REFUSED;
  if (!text(self, options, reply, "ticket", "", ticket, sizeof ticket)) return MITOGEN_REFUSED;
  if (!ticket[0]) {
    return json_refuse(self->write, reply, "become", "ticket: no account is become without a ticket", "set ansible_ticket to its number");
  }
  if (user[0] == '-' || ticket[0] == '-') {
    return json_refuse(
      self->write, reply, "become", "ticket: neither an account nor a ticket begins with -", "correct ansible_become_user or ansible_ticket");
  }

  json_put(self->write, reply, "{\"argv\":[");
  json_put_text(self->write, reply, program);
  json_put(self->write, reply, ",\"--ticket\",");
  json_put_text(self->write, reply, ticket);
  json_put(self->write, reply, ",\"--user\",");
  json_put_text(self->write, reply, user);
  /* The command that the program is to run: the launcher knows it. */
  json_put(self->write, reply, ",\"--\",{\"bootstrap\":\"argv\"}],\"description\":\"ticket\"");
  json_put(self->write, reply, ",\"interpreter\":\"direct\",\"leaves_machine\":false,\"timeout\":20,\"stdio\":");
  /* A terminal beside clean stdin and stdout, for a program that asks; without a password none is asked for. */
  json_put(self->write, reply, json_true(options, "has_password") ? "\"tty_beside\"" : "\"socketpair\"");
  return json_put(
    self->write, reply,
    ",\"prompts\":["
    "{\"match\":\"after_prefix\",\"prefix\":\"password for \",\"text\":\":\",\"then\":{\"send\":\"password\"},\"on\":\"tty\"}],"
    "\"hints\":["
    "{\"contains\":\"ticket is closed\",\"code\":\"become\",\"message\":\"the ticket is closed\","
    "\"hint\":\"check ansible_ticket\"},"
    "{\"contains\":\"access denied\",\"code\":\"become\",\"message\":\"the password was not accepted\","
    "\"hint\":\"check ansible_become_password\"}]}");
}

static const mitogen_operation operations[] = {
  {MITOGEN_OPEN, 0, "i(host,new_instance)", (mitogen_function)open_plugin},
  {MITOGEN_DESCRIBE, 0, "i(instance,reply)", (mitogen_function)describe},
  {MITOGEN_CLOSE, 0, "i(instance)", (mitogen_function)close_plugin},
  {MITOGEN_CONNECTION_PLAN, 0, "i(instance,options,reply)", (mitogen_function)plan},
  {0, 0, NULL, NULL},
};

static const mitogen_plugin plugins[] = {
  {sizeof(mitogen_plugin), MITOGEN_CONNECTION_METHOD, "ticket", VERSION, "become", operations},
};

static const mitogen_library library = {
  MITOGEN_MAGIC, sizeof(mitogen_library), sizeof(mitogen_plugin), sizeof(mitogen_operation),
  MITOGEN_ABI_MAJOR, MITOGEN_ABI_MINOR, VERSION, plugins, sizeof plugins / sizeof plugins[0], 0,
};

const mitogen_library *mitogen_library_v1(void) { return &library; }
