"""Ansible's own archive of a module, built in this process by the ansible-core that is installed here."""

import base64
import gc
import io
import os
import re
import shutil
import zipfile

import ansible
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ANSIBLE = os.path.dirname(ansible.__file__)
VERSION = ansible.__version__


def start(collections=()):
    """Once in a process, as a command of Ansible would."""
    init_plugin_loader([str(path) for path in collections])


def members(name, path):
    """{path in the archive: bytes}; None if the module is not Python. AnsibleError as Ansible raises it."""
    # Ansible keeps an archive by the module's dotted name for the whole run.
    shutil.rmtree(os.path.join(C.DEFAULT_LOCAL_TMP, 'ansiballz_cache'), ignore_errors=True)
    # A collection of garbage while Python 3.11 builds a syntax tree can end in a SystemError.
    gc.disable()
    try:
        built = module_common.modify_module(
            module_name=name, module_path=path, module_args={}, templar=Templar(loader=DataLoader(), variables={}),
            task_vars={'ansible_python_interpreter': '/usr/bin/python3', 'ansible_playbook_python': '/usr/bin/python3'})
    finally:
        gc.enable()
    if isinstance(built, tuple):
        text = built[0]
    else:
        text = built.b_module_data
    # However a series writes its wrapper, the archive is one long literal in base64 ("PK\3\4" first).
    found = re.search(rb"['\"](UEsDB[A-Za-z0-9+/=]+)", text)
    if found is None:
        return None
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(found.group(1))))
    # A later entry of the same name hides an earlier one from Python's importer.
    return {entry.filename: archive.read(entry) for entry in archive.infolist()}
