#!/usr/bin/python
"""Leaves its process otherwise than it was, and tells which process that is."""
import os
import subprocess
import threading

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(dict(how=dict(choices=['not', 'patch', 'pipe'], default='not')))
if module.params['how'] == 'patch':
    subprocess.check_call = threading.Thread
    os.environ['MITOGEN_LEFT'] = 'behind'
elif module.params['how'] == 'pipe':
    os.pipe()
module.exit_json(pid=os.getpid(), left=os.environ.get('MITOGEN_LEFT'), patched=subprocess.check_call is threading.Thread)
