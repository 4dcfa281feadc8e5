"""Ansible's side of Mitogen for Ansible in Swift.

`hooks.install()` switches it on; everything else is reached from there. The flow of one task:

    hooks (Ansible calls us) -> modules, connection (what Ansible asked for) -> routes (to which account)
    -> client (one request to the router, one reply)

`router` starts the router once for each run, in Ansible's main process.
"""

__all__ = ['PROTOCOL']

#: The version of the wire that `client` speaks.
PROTOCOL = 1
