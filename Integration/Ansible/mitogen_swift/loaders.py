"""What Ansible's loaders of connection and become plugins give out while Mitogen is in force: classes of ours, each in
place of the vanilla one that it inherits from.
"""

import copy
import importlib.util
import inspect
import os

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader
from ansible.release import __version__
from ansible.utils.display import Display

from . import bare
from .catalogue import Catalogue
from .client import RouterError
from .connection import NodeConnection

display = Display()

#: What the loader writes on each plugin that it makes.
IDENTITY = frozenset(['_load_name', '_original_path', '_redirected_names', 'ansible_aliases', 'ansible_name'])

#: Of a router that has ended.
NOTHING = Catalogue()


class Loaders(object):
    """:param is_active: whether Mitogen is in force now."""

    def __init__(self, session, is_active):
        self._session = session
        self._is_active = is_active
        self._get_connection = connection_loader.get_with_context
        self._get_become = become_loader.get
        self._has_warned = False
        #: Vanilla's class -> ours.
        self._classes = {}
        #: Name -> whether it is a method of ours for which neither a collection nor the user has a plugin.
        self._not_installed = {}
        #: (type, name) -> class, for what Ansible has no plugin of its own.
        self._bare = {}

    def install(self):
        connection_loader.get_with_context = self.get_with_context
        become_loader.get = self.get_become

    @staticmethod
    def problem():
        """Why connection plugins cannot be given out, or None."""
        parameters = list(inspect.signature(connection_loader.get_with_context).parameters)
        if parameters[:1] != ['name'] or 'kwargs' not in parameters or not hasattr(connection_loader, '_get_paths'):
            return 'ansible-core %s loads connection plugins in a way that is not known' % __version__
        return None

    def read_connection(self, name):
        """Before the first fork: vanilla's plugin and its documentation."""
        return self._get_connection(name, PlayContext(), None).object

    def prepare_connection(self, name):
        """In the main process, when the router answers: what every worker would make again."""
        ours, _ = self._our_class(name, None)
        instance = self.read_connection(name)
        ours.method.preload(instance)
        ours.prototype = {key: value for key, value in vars(instance).items() if key not in IDENTITY}

    def prepare_become(self, name):
        method = self._catalogue().become(name)
        if method is not None:
            method.preload(self._get_become(name))

    def is_ours(self, name):
        """Whether a connection of this name is opened by the router, as far as its name tells."""
        return self._catalogue().connection(name) is not None

    def get_with_context(self, name, *args, **kwargs):
        if not self._is_active() or kwargs.get('class_only'):
            return self._get_connection(name, *args, **kwargs)
        collections = kwargs.get('collection_list')
        found = self._our_class(name, collections)
        if found is None or not self._router_answers():
            return self._get_connection(name, *args, **kwargs)
        ours, result = found
        kwargs.pop('collection_list', None)
        instance = object.__new__(ours)
        # As the loader does: the class says how it was asked for last, the instance how it was.
        for attribute in IDENTITY:
            setattr(instance, attribute, getattr(ours, attribute))
        ours.__init__(instance, *args, **kwargs)
        return type(result)(instance, result.plugin_load_context)

    def _our_class(self, name, collections):
        """Our class for a vanilla connection, and what the loader said of that; None: it is not one of ours."""
        result = self._unasked(name, collections) or self._get_connection(
            name, class_only=True, collection_list=collections)
        vanilla = result.object
        if vanilla is not None and not result.plugin_load_context.plugin_resolved_collection:
            # The user's own, beside the playbook or in a configured folder.
            return None
        method = self._catalogue().connection(result.plugin_load_context.resolved_fqcn if vanilla else name)
        if method is None:
            return None
        if vanilla is None:
            vanilla = self._bare_class('connection', method, name)
        # The loader has just written the plugin's identity on the vanilla class, and ours inherits it.
        ours = self._classes.get(vanilla)
        if ours is None:
            # The name of the class is the plugin's type.
            ours = self._classes[vanilla] = type(
                'Connection', (NodeConnection, vanilla),
                {'method': method, 'vanilla': vanilla, '__module__': vanilla.__module__, '__doc__': vanilla.__doc__})
        return ours, result

    def _unasked(self, name, collections):
        """What the loader would say of a method of ours whose collection is not installed: it would also warn of that.
        None: it is to be asked."""
        if name not in self._not_installed:
            method = self._catalogue().connection(name)
            self._not_installed[name] = method is not None and not any(map(_is_there, method.names))
        if not self._not_installed[name] or (collections and '.' not in name):
            return None
        result = self._get_connection('local', class_only=True)
        context = copy.copy(result.plugin_load_context)
        context.original_name = context.plugin_resolved_name = context._resolved_fqcn = name
        context.redirect_list = [name]
        context.plugin_resolved_path = context.plugin_resolved_collection = ''
        return type(result)(None, context)

    def get_become(self, name, *args, **kwargs):
        """Ansible's become plugin of this name, or one made for a method of ours that Ansible has none for."""
        found = self._get_become(name, *args, **kwargs)
        if found is None and self._is_active():
            method = self._catalogue().become(name)
            if method is not None:
                ours = self._bare_class('become', method, name)
                return ours if kwargs.get('class_only') else ours()
        return found

    def _bare_class(self, plugin_type, method, name):
        """A class for a method that the installed Ansible has no plugin for."""
        key = plugin_type, name
        if key not in self._bare:
            make = bare.connection_class if plugin_type == 'connection' else bare.become_class
            self._bare[key] = make(method, name)
        return self._bare[key]

    def _catalogue(self):
        try:
            return self._session.catalogue
        except RouterError:
            self._router_answers()
            return NOTHING

    def _router_answers(self):
        if self._session.client.connect():
            return True
        if not self._has_warned:
            self._has_warned = True
            why = self._session.router.why_gone()
            display.warning('Mitogen is not used any more: the router has ended%s' % (': ' + why if why else '.'))
        return False


def _is_there(name):
    """Whether a collection has, or may have, the connection plugin of this full name; for a short one, whether ansible-core
    or the user has it."""
    namespace, _, short = name.rpartition('.')
    if not namespace or namespace in ('ansible.builtin', 'ansible.legacy'):
        return any(os.path.isfile(os.path.join(folder, short + '.py')) for folder in connection_loader._get_paths())
    try:
        return importlib.util.find_spec('ansible_collections.' + namespace) is not None
    except ModuleNotFoundError:
        return False
