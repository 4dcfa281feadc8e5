#!/usr/bin/python
"""Tells what its own process sees: time zone, names, environment."""
import os
import socket
import time

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(dict(name=dict(type='str'), variables=dict(type='list', elements='str', default=[])))
try:
    address = module.params['name'] and socket.gethostbyname(module.params['name'])
except EnvironmentError as error:
    address = type(error).__name__
module.exit_json(zone=time.tzname[0], hour=time.localtime(0)[3], address=address,
                 environment=dict((name, os.environ.get(name)) for name in module.params['variables']))
