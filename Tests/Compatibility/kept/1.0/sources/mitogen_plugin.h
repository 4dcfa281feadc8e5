/*
 * mitogen_plugin.h: the whole boundary between the router and a plugin library.
 *
 * A plugin library is one shared object with one exported symbol, mitogen_library_v1(). It describes itself by
 * tables of plain data. Calls go both ways in one form, the operation: a number, a signature text and a
 * function. The side that calls builds the arguments from the *names* in the text that the other side wrote, so
 * neither passes what the other does not know. ABI.md is the guide; this file is the reference.
 *
 * Rules that hold for every item below:
 *   Memory    Nobody frees the other's memory. What is passed is borrowed for the length of the call.
 *             Tables and texts of the library are read-only and live as long as the process.
 *   Threads   Calls into one instance never overlap. Calls into two instances may run at the same time on two
 *             threads. Host services may be called from any thread, but only during a call into the plugin.
 *   Results   Every function returns int32_t, every argument is one pointer.
 *   Texts     UTF-8, NUL-terminated where the type is `const char *`.
 *   Growth    New members come at the end of a struct and are announced by its size; new operations get new
 *             numbers. A number or a member never changes its meaning.
 */
#ifndef MITOGEN_PLUGIN_H
#define MITOGEN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* First member of mitogen_library and mitogen_host: "MITOGEN" and a line feed, read as a little-endian number. */
#define MITOGEN_MAGIC 0x0a4e45474f54494dULL

/* A library with another major number is refused. A library with a higher minor number is loaded; what the host
 * does not know of it is left aside. */
#define MITOGEN_ABI_MAJOR 1
#define MITOGEN_ABI_MINOR 0

/* Any function of either side, as it stands in a table. It is called as `int32_t (*)(void *, ...one pointer for
 * each argument of its signature...)`, never as declared here. */
typedef int32_t (*mitogen_function)(void);

/*
 * Bytes of somebody else.
 * Ownership: the caller's. Lifetime: the call. `data` may be NULL when `length` is 0. Not NUL-terminated.
 */
typedef struct mitogen_bytes {
  const uint8_t *data;
  size_t length;
} mitogen_bytes;

/*
 * Where an operation puts its answer: a handle, not an address; never dereference it.
 * Lifetime: the call that it was passed to. A write after that call has returned is refused with
 * MITOGEN_STALE and reported with the library's name.
 */
typedef struct mitogen_reply mitogen_reply;

/* ---- Results ---------------------------------------------------------------------------------------------- */

enum {
  MITOGEN_OK = 0,
  /* A plugin's operation: the input cannot be served. The reply holds JSON {"code","message","hint"}, which is
   * shown to the user: what failed, on what, and what the user can do. */
  MITOGEN_REFUSED = 1,
  /* A host service: the reply's call has returned already. */
  MITOGEN_STALE = 2,
  /* A host service: more was written than a reply may hold (16 MiB). */
  MITOGEN_TOO_MUCH = 3,
  /* A host service: an argument that is needed was NULL. */
  MITOGEN_MISSING = 4
  /* Any other number from a plugin is a failure of the plugin and is reported with its number. */
};

/* ---- Operations ------------------------------------------------------------------------------------------- */

/*
 * One function and how to call it.
 *
 * `signature` is `i(NAME,NAME?,...)`: the result, always i (int32_t), then the names of the arguments, each of
 * them one pointer. `?` marks an argument that the function can do without. A caller that does not know a name
 * passes NULL for it if it is optional; if it is not, the operation is unavailable and the report names it. Names
 * are [a-z][a-z0-9_]*, at most 16 of them.
 *
 * Ownership: the side that wrote the table; lifetime: the process.
 */
typedef struct mitogen_operation {
  uint32_t id; /* 0 ends the table */
  uint32_t reserved; /* 0 */
  const char *signature;
  mitogen_function function;
} mitogen_operation;

/*
 * What the host offers at `id`, in the form that the plugin wrote as `signature`, or NULL: unknown service, or
 * an argument without `?` that the host cannot give. Lifetime of the function: the process. Any thread.
 */
struct mitogen_host;
typedef mitogen_function (*mitogen_find_service)(
  const struct mitogen_host *host, uint32_t id, const char *signature);

/*
 * The host, as passed to MITOGEN_OPEN. Ownership: the host's; lifetime: the process.
 */
typedef struct mitogen_host {
  uint64_t magic;
  uint32_t size; /* sizeof(mitogen_host) on the host's side */
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *version; /* of the host, for messages */
  mitogen_find_service find;
} mitogen_host;

enum {
  /* Ids below 100: operations of every plugin. */

  /* Required. `i(host,plugin,new_instance)`: makes an instance.
   *   host          const mitogen_host *
   *   plugin        const mitogen_plugin *, the entry of the library's table that is wanted
   *   new_instance  void **, receives what later calls get as `instance`; NULL is allowed
   * Called once before any other operation of that plugin. May be called again for a second instance. */
  MITOGEN_OPEN = 1,

  /* Required. `i(instance,reply)`: replies JSON, the same at every call: what the manifest holds of this plugin
   * beyond the table: {"description","options":[...],"precedence",...}. */
  MITOGEN_DESCRIBE = 2,

  /* Optional. `i(instance)`: ends an instance. The process may end without calling it. */
  MITOGEN_CLOSE = 3,

  /* Ids from 100: connection methods. */

  /* Required. `i(instance,options,probes?,reply)`: replies a launch plan (JSON).
   *   options  const mitogen_bytes *, JSON object: the options by name, "name" (the inventory name), and
   *            "has_SLOT": true for every secret that is there. Never a secret.
   *   probes   const mitogen_bytes * or NULL, JSON array: for each command of the first plan's "probes"
   *            {"rc","stdout","stderr"}; 126 and 127 for what could not be started. The second plan has none.
   * Must be pure: the same input gives the same plan, which the host keeps unless it was made from probes. */
  MITOGEN_CONNECTION_PLAN = 100,

  /* Ids from 200: module runners. */

  /* Required. `i(instance,source,path,reply)`: replies `true` or `false`.
   *   source  const mitogen_bytes *, the module as it stands in the file
   *   path    const mitogen_bytes *, where it was found; for messages and endings only */
  MITOGEN_RUNNER_RECOGNISE = 200,

  /* Required. `i(instance,source,path,reply)`: replies a run plan (JSON) for a source that it recognised. */
  MITOGEN_RUNNER_PLAN = 201,

  /* Required. `i(instance,reply)`: replies the source of the runner's Python half. */
  MITOGEN_RUNNER_HALF = 202,

  /* Ids from 1000: services of the host. */

  /* `i(reply,bytes)`: appends a copy to the answer.
   *   reply  mitogen_reply *, bytes  const mitogen_bytes *
   * MITOGEN_OK, MITOGEN_STALE, MITOGEN_TOO_MUCH or MITOGEN_MISSING. */
  MITOGEN_WRITE = 1000,

  /* `i(plugin,level,text)`: one line for the router's log.
   *   plugin  const mitogen_plugin *, level  const char * ("debug", "info", "warning", "error"),
   *   text    const mitogen_bytes *
   * MITOGEN_OK or MITOGEN_MISSING. */
  MITOGEN_LOG = 1001
};

/* ---- The library ------------------------------------------------------------------------------------------ */

enum {
  MITOGEN_CONNECTION_METHOD = 1,
  MITOGEN_MODULE_RUNNER = 2
};

/*
 * One plugin. A kind that the host does not know is left aside, and listed as such.
 * Ownership: the library's; lifetime: the process.
 */
typedef struct mitogen_plugin {
  uint32_t size; /* sizeof(mitogen_plugin) on the library's side */
  uint32_t kind;
  const char *name; /* [a-z][a-z0-9_.-]*, at most 64 bytes: what ansible_connection or the user calls it */
  const char *version;
  const char *features; /* words between blanks; unknown ones are ignored. "become": changes the account only */
  const mitogen_operation *operations; /* ended by id 0 */
} mitogen_plugin;

/*
 * What the entry returns. Ownership: the library's; lifetime: the process.
 */
typedef struct mitogen_library {
  uint64_t magic;
  uint32_t size; /* sizeof(mitogen_library) on the library's side */
  uint32_t plugin_size; /* sizeof(mitogen_plugin): the stride of `plugins` */
  uint32_t operation_size; /* sizeof(mitogen_operation): the stride of every operation table */
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *version;
  const mitogen_plugin *plugins;
  uint32_t plugin_count; /* 1 to 256 */
  uint32_t reserved; /* 0 */
} mitogen_library;

#ifndef MITOGEN_HOST
/*
 * The one symbol that a library exports. Called once, first, on any thread. Returns the same address at every
 * call, NULL if the library cannot work here. It must not block, start threads or open files.
 */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const mitogen_library *mitogen_library_v1(void);
#endif

#define MITOGEN_ENTRY "mitogen_library_v1"

#ifdef __cplusplus
}
#endif
#endif
