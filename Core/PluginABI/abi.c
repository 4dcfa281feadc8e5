/* The layout that libraries in the field rely on, on every 64-bit platform: a change here is a new major number. */
#include "mitogen_plugin.h"

#define HOLDS(type, member, at) \
  _Static_assert(offsetof(type, member) == (at), #type "." #member " must stay at byte " #at)

_Static_assert(sizeof(void *) == 8, "the ABI is defined for 64-bit platforms");
_Static_assert(sizeof(mitogen_bytes) == 16, "size of mitogen_bytes");
HOLDS(mitogen_bytes, data, 0);
HOLDS(mitogen_bytes, length, 8);

_Static_assert(sizeof(mitogen_operation) == 24, "size of mitogen_operation");
HOLDS(mitogen_operation, id, 0);
HOLDS(mitogen_operation, signature, 8);
HOLDS(mitogen_operation, function, 16);

_Static_assert(sizeof(mitogen_host) == 32, "size of mitogen_host in ABI 1.0");
HOLDS(mitogen_host, size, 8);
HOLDS(mitogen_host, abi_major, 12);
HOLDS(mitogen_host, version, 16);
HOLDS(mitogen_host, find, 24);

_Static_assert(sizeof(mitogen_plugin) == 40, "size of mitogen_plugin in ABI 1.0");
HOLDS(mitogen_plugin, kind, 4);
HOLDS(mitogen_plugin, name, 8);
HOLDS(mitogen_plugin, version, 16);
HOLDS(mitogen_plugin, features, 24);
HOLDS(mitogen_plugin, operations, 32);

_Static_assert(sizeof(mitogen_library) == 48, "size of mitogen_library in ABI 1.0");
HOLDS(mitogen_library, size, 8);
HOLDS(mitogen_library, plugin_size, 12);
HOLDS(mitogen_library, operation_size, 16);
HOLDS(mitogen_library, abi_major, 20);
HOLDS(mitogen_library, abi_minor, 22);
HOLDS(mitogen_library, version, 24);
HOLDS(mitogen_library, plugins, 32);
HOLDS(mitogen_library, plugin_count, 40);
