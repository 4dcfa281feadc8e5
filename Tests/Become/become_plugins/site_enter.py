"""A site's own become plugin, as its author would write it: nothing in it knows of us."""
DOCUMENTATION = """
name: site_enter
short_description: The site's gate to another account
description: [The site's gate to another account.]
author: the site
options:
  become_user: {description: Account to become., default: root, vars: [{name: ansible_become_user}]}
  become_exe: {description: The gate., default: enter, vars: [{name: ansible_become_exe}]}
  become_flags: {description: Options of the gate., default: '', vars: [{name: ansible_become_flags}]}
  become_pass: {description: What it asks for., vars: [{name: ansible_become_password}]}
"""

from ansible.plugins.become import BecomeBase  # noqa: E402


class BecomeModule(BecomeBase):
    name = "site_enter"
    prompt = "Who are you, really? "
    fail = ("You are not.",)
    missing = ("Then do not.",)

    def build_become_command(self, cmd, shell):
        super().build_become_command(cmd, shell)
        if not cmd:
            return cmd
        return "umask 077; %s %s --as %s -- %s" % (
            self.get_option("become_exe"), self.get_option("become_flags"), self.get_option("become_user"), self._build_success_command(cmd, shell))
