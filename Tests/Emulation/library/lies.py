#!/usr/bin/python
"""Tells where its temporary files would lie."""
import os

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(dict())
module.exit_json(temporary=os.path.realpath(module.tmpdir))
