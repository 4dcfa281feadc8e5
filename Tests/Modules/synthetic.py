"""A small tree of collections, and of legacy module_utils, that has every way in which a module reaches for them."""

MODULE_UTILS = 'ansible_collections/ns/coll/plugins/module_utils/'
MODULES = 'ansible_collections/ns/coll/plugins/modules/'
BASIC = 'from ansible.module_utils.basic import AnsibleModule\n'

COLLECTIONS = {
    'ansible_collections/ns/coll/meta/runtime.yml': '''---
# A comment
requires_ansible: '>=2.15.0'
action_groups:
  all:
  - thing
plugin_routing:
  modules:
    gone:
      tombstone:
        removal_version: 1.0.0
        warning_text: >-
          module_utils:
          is not a section here
  module_utils:
    moved:
      redirect: ns.other.real
    moved_far.below: {redirect: ansible_collections.ns.other.plugins.module_utils.package.inner}
    moved_here:
      deprecation:
        removal_version: 9.0.0
        warning_text: Use base
          instead
      redirect: ns.coll.base
    "overridden": {redirect: "ns.coll.base"}
    removed:
      tombstone:
        removal_version: 2.0.0
        warning_text: 'It''s gone: use base'
    removed_silently:
      tombstone:
        removal_date: "2020-01-01"
    bad:
      redirect: short.name
  lookup:
    x:
      redirect: ns.other.x
''',
    'ansible_collections/ns/other/plugins/module_utils/__init__.py': '',
    'ansible_collections/ns/other/plugins/module_utils/real.py': 'from .package import inner as i\nREAL = 1\n',
    'ansible_collections/ns/other/plugins/module_utils/package/__init__.py': 'from . import beside\n',
    'ansible_collections/ns/other/plugins/module_utils/package/inner.py': 'from ..deep.er import thing\n',
    'ansible_collections/ns/other/plugins/module_utils/package/beside.py': '',
    # No __init__.py: a directory is a package all the same.
    'ansible_collections/ns/other/plugins/module_utils/deep/er.py': 'thing = 1\n',
    MODULE_UTILS + 'base.py': '# comment\n"""doc"""\nimport os\nfrom ansible.module_utils.common.text.converters import to_text\nBASE = 1\n',
    MODULE_UTILS + 'overridden.py': 'raise Exception("the redirect comes first in a collection")\n',
    MODULE_UTILS + 'sub/__init__.py': 'from .one import ONE\nfrom ..base import BASE\n',
    MODULE_UTILS + 'sub/one.py': 'from ansible.module_utils.six.moves import configparser\nONE = 1\n',
    MODULE_UTILS + 'sub/two.py': 'from . import one\nfrom .one import ONE\nfrom .. import base, sub as again\nTWO = 2\n',
    MODULE_UTILS + 'sub/deeper/three.py': 'from ...sub.two import TWO\nfrom ..one import *\n',
    MODULE_UTILS + 'resources/data.txt': 'data # kept\n',
    MODULE_UTILS + 'resources/__init__.py': '',
    MODULES + 'absolute.py': BASIC + 'from ansible_collections.ns.coll.plugins.module_utils.base import BASE\n',
    MODULES + 'relative.py': BASIC + 'from ..module_utils.sub.two import TWO\nfrom ..module_utils import base\n',
    MODULES + 'nested/inner.py': BASIC + 'from ...module_utils.sub.deeper.three import (  # why\n    ONE as one,\n    TWO,\n)\n',
    MODULES + 'plain_import.py': 'import ansible_collections.ns.coll.plugins.module_utils.sub.one as o, os\n' + BASIC,
    MODULES + 'package.py': BASIC + 'from ansible_collections.ns.coll.plugins.module_utils import sub\n',
    MODULES + 'optional.py': BASIC + '''
try:
    from ansible_collections.ns.coll.plugins.module_utils.nowhere import x
    from ansible_collections.no.such.plugins.module_utils.y import z
    import ansible_collections.ns.coll.plugins.module_utils.sub.one
    from ansible.module_utils.nowhere import n
except ImportError: from ansible_collections.ns.coll.plugins.module_utils.base import BASE
if True: import ansible.module_utils.nowhere2; from ansible.module_utils import facts
def function():
    from ansible_collections.ns.coll.plugins.module_utils.sub.two import TWO
''',
    MODULES + 'missing.py': BASIC + 'from ansible_collections.ns.coll.plugins.module_utils.nowhere import x\n',
    MODULES + 'missing_legacy.py': BASIC + 'from ansible.module_utils.no.where import x\n',
    MODULES + 'missing_package.py': BASIC + 'import ansible.module_utils.nowhere\n',
    MODULES + 'missing_collection.py': BASIC + 'from ansible_collections.no.such.plugins.module_utils.y import z\n',
    MODULES + 'semicolon.py': 'x: int = 1; ' + BASIC + 'y = 2; from ansible_collections.ns.coll.plugins.module_utils.nowhere import x\n',
    MODULES + 'redirected.py': BASIC + 'from ansible_collections.ns.coll.plugins.module_utils.moved import REAL\n',
    MODULES + 'redirected_below.py': BASIC + 'from ansible_collections.ns.coll.plugins.module_utils.moved_far.below import thing\n',
    MODULES + 'redirected_again.py': BASIC + 'from ..module_utils.moved_here import BASE\nfrom ..module_utils.overridden import BASE\n',
    MODULES + 'redirected_core.py': BASIC + 'from ansible.module_utils.formerly_core import x\n',
    MODULES + 'redirected_bad.py': BASIC + 'from ..module_utils.bad import BASE\n',
    MODULES + 'outside.py': BASIC + 'import ansible_collections.ns.coll.plugins.lookup.x\n',
    MODULES + 'too_far_up.py': BASIC + 'from ...............module_utils import x\nfrom ... import modules\n',
    MODULES + 'tombstone.py': BASIC + 'from ..module_utils.removed import x\n',
    MODULES + 'tombstone_date.py': BASIC + 'from ..module_utils.removed_silently import x\n',
    MODULES + 'not_utils.py': BASIC + 'from ansible_collections.ns.coll.plugins.lookup import x\nimport ansible_collections.ns.coll\n',
    MODULES + 'star.py': 'from ansible.module_utils.basic import *\nfrom ansible.module_utils.facts import *\n',
    MODULES + 'six.py': BASIC + 'from ansible.module_utils.six.moves.urllib.parse import urlparse\nfrom ansible.module_utils import six, _six\n',
    MODULES + 'marker.py': '#!/usr/bin/python\n# coding: utf-8\n#<<INCLUDE_ANSIBLE_MODULE_COMMON>>\nmain()\n',
    MODULES + 'continued.py': 'from ansible.module_utils.basic \\\n  import \\\n  AnsibleModule, \\\n  env_fallback\nx = "from ansible.module_utils.no import x"\n',
    MODULES + 'not.identifier.py': BASIC,
    MODULES + 'utf8.py': BASIC + '# \u00e9\nname = "\u00fc"  # \u00df\n\u00e4 = 1\n',
}

# Beside a playbook or in a role.
LEGACY = {
    'module_utils/mine.py': 'from ansible.module_utils.mine_too.inner import x\n',
    'module_utils/mine_too/__init__.py': '',
    'module_utils/mine_too/inner.py': 'from . import other\nx = 1\n',
    'module_utils/mine_too/other.py': '',
    'module_utils/urls.py': '# hides ansible-core\'s own\n',
    'module_utils/namespace/inside.py': 'x = 1\n',
    'module_utils/formerly_core.py': 'x = "a local file overrides the redirect"\n',
    'library/local.py': BASIC + 'from ansible.module_utils.mine import x\nimport ansible.module_utils.urls\n',
    'library/local_namespace.py': BASIC + 'from ansible.module_utils.namespace.inside import x\n',
    'library/local_override.py': BASIC + 'from ansible.module_utils.formerly_core import x\n',
    'library/without_suffix': BASIC + 'from ansible.module_utils.mine_too import inner, other\n',
}

# ansible-core 2.21 and later.
EMBED = {
    MODULES + 'embed.py': BASIC + '''from ansible.module_utils.embed import EmbedManager as Manager
one = Manager.embed('..module_utils.resources', 'data.txt')
two = other = Manager.embed("ansible_collections.ns.coll.plugins" '.module_utils.sub', "one.py")
''',
    MODULES + 'embed_module.py': BASIC + '''from ansible.module_utils import embed
one = embed.EmbedManager.embed('..module_utils.resources', 'data.txt')
''',
    MODULES + 'embed_nothing.py': BASIC + 'from ansible.module_utils.embed import EmbedManager\n',
    MODULES + 'embed_missing.py': BASIC + '''from ansible.module_utils.embed import EmbedManager
one = EmbedManager.embed('..module_utils.resources', 'nothing.txt')
''',
    MODULES + 'embed_variable.py': BASIC + '''from ansible.module_utils.embed import EmbedManager
one = EmbedManager.embed('..module_utils.resources', name)
''',
}


def write(top, files):
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return top


def modules(files, folder):
    """[(name, path below the top)]"""
    found = []
    for path in sorted(files):
        if path.startswith(folder):
            name = path.rpartition('/')[2]
            found.append((name[:-3] if name.endswith('.py') else name, path))
    return found
