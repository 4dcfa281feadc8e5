#!/usr/bin/python
# -*- coding: utf-8 -*-
"""Shouts a word, or raises."""
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.own_shout import shout

module = AnsibleModule(dict(word=dict(type='str', required=True)), supports_check_mode=True)
if module.params['word'] == 'raise':
    raise ValueError('raised as told')
module.exit_json(changed=False, said=shout(module.params['word']))
