#!/usr/bin/python
import os
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.own_words import shout


def main():
    module = AnsibleModule(
        argument_spec=dict(word=dict(type="str", required=True), number=dict(type="int", default=1)), supports_check_mode=True
    )
    word = module.params["word"]
    if word == "fail":
        module.fail_json(msg="failed as told", detail=[1, 2])
    if word == "raise":
        raise ValueError("raised as told")
    if word == "warn":
        module.warn("a warning")
        module.deprecate("a deprecation", version="9.9", collection_name="our.own")
    if word == "noisy":
        print("noise before the result")
    if word == "silent":
        sys.exit(0)
    if word == "status":
        os._exit(9)
    facts = {"ansible_facts": {"of_own_module": {"word": word}}} if word == "facts" else {}
    module.exit_json(changed=False, said=shout(word) * module.params["number"], check=module.check_mode, **facts)


if __name__ == "__main__":
    main()
