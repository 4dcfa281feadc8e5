#!/usr/bin/python
import sys


def main():
    module = AnsibleModule(argument_spec=dict(word=dict(required=True), count=dict(type='int', default=1)))
    module.exit_json(changed=True, word=module.params['word'] * module.params['count'], json=jsonify({'a': 1}))


#<<INCLUDE_ANSIBLE_MODULE_COMMON>>
main()
