"""Which of the router's methods stands for a become plugin of Ansible's, and the hop that it makes.

First the method of its name: sudo, su, doas. Where that refuses the flags that are set, and for every other become plugin,
a site's own included, the method `become`, which is given the command line that Ansible's plugin builds. Where that
cannot be taken apart, none: then the plugin wraps each command as ever, and the transport alone is ours.
"""

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text

from . import routes
from .catalogue import plain

#: The method that makes a node of any command line.
GENERIC = 'become'
#: Stands in the command line for the node's command.
PLACE = 'mitogen_node'
#: Stands for what Ansible makes up anew each time: the same options are to be the same bytes.
MARK = 'mitogen'


def method_for(connection, become):
    """The method for this become plugin with the options that it has now, or None. Raises what opening a node raises."""
    catalogue = connection.session.catalogue
    named = catalogue.become(become.ansible_name)
    if named is not None and _is_ordinary(named, become):
        return named
    for method in (named, catalogue.become(GENERIC)):
        if method is not None and not _is_refused(connection, become, method):
            return method
    return None


def hop(connection, become, method, name, python, variables, template):
    """The hop from the account of a connection to another one, encoded."""
    made = routes.hop(connection, name, python)
    made['method'] = method.name
    # It is started with the configured interpreter, or the one that its parent found.
    made['python_candidates'] = []
    made['options'], made['secrets'] = method.values(become, variables, template)
    if method.name == GENERIC:
        made['options'].update(_command(become, connection._shell))
    return routes.encode(made)


def _command(become, shell):
    """The options of GENERIC, without what Ansible makes up anew for each command."""
    line = become.build_become_command(PLACE, shell)
    made_up = become.success.rpartition('-')[2]

    def steady(value):
        text = plain(value)
        return text.replace(made_up, MARK) if made_up else text

    options = {
        'method': plain(become.name),
        'command': steady(line),
        'success': steady(become.success),
        'placeholder': PLACE,
        'prompts': [steady(prompt) for prompt in prompt_texts(become)],
        'fail': [steady(text) for text in become.fail],
        'missing': [steady(text) for text in become.missing],
        'tty': bool(become.require_tty),
    }
    return {name: value for name, value in options.items() if value not in ('', [], False)}


def prompt_texts(become):
    """The texts by which a become plugin recognises that its tool asks for a password."""
    if isinstance(become.prompt, (str, bytes)):
        return [text for text in (to_text(become.prompt).strip(),) if text]
    if not become.prompt:
        return []
    # su and its like ask in the user's language: their plugins recognise the prompts of a list.
    return routes.option(become, 'prompt_l10n') or list(getattr(become, 'SU_PROMPT_LOCALIZATIONS', ['Password']))


def _is_ordinary(method, become):
    """Whether it needs no question: the flags are the default ones, the program is one word."""
    declared = {option.name: option.default for option in method.options}
    flags = routes.option(become, 'become_flags') or ''
    program = routes.option(become, 'become_exe') or ''
    return flags in ('', declared.get('become_flags')) and len(program.split()) <= 1


def _is_refused(connection, become, method):
    """Asks the router, once for the same options: the plugin knows its tool's grammar."""
    session = connection.session
    try:
        made = hop(connection, become, method, *connection.hop_arguments())
    except AnsibleError:
        # The plugin builds no command line.
        return True
    if made not in session.refused:
        try:
            session.request('node', connection.login_route() + (made,))
            session.refused[made] = False
        except AnsibleError as error:
            if getattr(error, 'mitogen_code', None) == 'no_python':
                # It was not asked: a node is refused for that. There may be a Python at the next task.
                return False
            if getattr(error, 'mitogen_code', None) != 'plugin':
                raise
            session.refused[made] = True
    return session.refused[made]
