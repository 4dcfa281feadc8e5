#!/usr/bin/python
"""Says words to stdout and stderr, in turn, and ends as it is told: with or without a result."""
import sys

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(dict(
    before=dict(type='list', elements='str', default=[]), result=dict(type='bool', default=True), code=dict(type='int', default=0),
    error=dict(type='str')))
for at, word in enumerate(module.params['before']):
    stream = sys.stderr if at % 2 else sys.stdout
    stream.write(word + '\n')
    stream.flush()
if module.params['error']:
    raise ValueError(module.params['error'])
if module.params['result']:
    module.exit_json(said=len(module.params['before']))
sys.exit(module.params['code'])
