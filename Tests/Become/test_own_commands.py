"""Every other become plugin of Ansible, by its own command line, prompts and texts: the plan `become`.

The programs are stand-ins, as their manuals describe the real ones. The command lines are those that the become plugins of
community.general build; a site's own plugin is loaded and asked by Ansible itself.
"""
import json
import shutil
from pathlib import Path

import pytest
from router_client import Router, RouterRefused

HERE = Path(__file__).resolve().parent
#: The word that the node's command takes the place of.
PLACE = "mitogen_node"
SUCCESS = "BECOME-SUCCESS-mitogen"
WRAPPED = f"/bin/sh -c 'echo {SUCCESS} ; {PLACE}'"


@pytest.fixture(scope="module")
def router():
    with Router() as router:
        yield router


@pytest.fixture
def programs(open_folder, hosts):
    """The folder with the stand-ins; their password is "gate secret"."""
    shutil.copy(HERE / "stand_in.py", open_folder / "stand_in.py")
    (open_folder / "rules.json").write_text(json.dumps({"password": "gate secret", "account": hosts.other}))
    (open_folder / "stand_in.py").chmod(0o755)
    for name in ("pfexec", "dzdo", "pbrun", "ksu", "enter"):
        (open_folder / name).symlink_to("stand_in.py")
    return open_folder


def hop(method: str, name: str, options: dict, password: str | None = None, timeout: float = 15) -> dict:
    return {"method": method, "name": name, "options": options, "secrets": {"password": password} if password else {},
            "python": ["/usr/bin/python3"], "python_candidates": [], "timeout": timeout}


LOCAL = hop("local", "web1", {})


def account(router, way: str, options: dict, password: str | None = None, timeout: float = 15) -> str:
    """Whom the node runs as."""
    hops = ([LOCAL] if way == "agent" else []) + [hop("become", "web1", options, password, timeout)]
    stream = router.start("exec", hops, json.dumps({"argv": ["id", "-un"]}).encode(), b"", b"{}")
    meta, out, err = router.answers({stream})[stream]
    assert json.loads(meta)["rc"] == 0, err
    return out.decode().strip()


def refused(router, way: str, *arguments, **more) -> dict:
    with pytest.raises(RouterRefused) as caught:
        account(router, way, *arguments, **more)
    return json.loads(str(caught.value))


def plan_of(programs, hosts, tool: str) -> dict:
    """What Ansible's plugin for a tool says, as options."""
    exe, user = programs / tool, hosts.other
    own = {
        "pfexec": {"command": f"{exe}  {WRAPPED}"},
        "dzdo": {"command": f'{exe} -H -S -p "[dzdo via ansible, key=mitogen] password:" -u {user} {WRAPPED}',
                 "prompts": ["[dzdo via ansible, key=mitogen] password:"], "fail": ["Sorry, try again."]},
        "pbrun": {"command": f"{exe}  -u {user} 'echo {SUCCESS} ; {PLACE}'", "prompts": ["Password:"]},
        "ksu": {"command": f"{exe} {user}  -e {WRAPPED} ", "prompt_expressions": ["Kerberos password for .*@.*:"],
                "fail": ["Password incorrect"], "missing": ["No password given"]},
    }[tool]
    return {"method": tool, "become_user": user, "success": SUCCESS} | own


ways = pytest.mark.parametrize("way", ["router", "agent"])


@ways
@pytest.mark.parametrize("tool", ["pfexec", "dzdo", "pbrun", "ksu"])
def test_the_account_is_become(router, programs, hosts, way, tool):
    password = None if tool == "pfexec" else "gate secret"
    assert account(router, way, plan_of(programs, hosts, tool), password) == hosts.other


@ways
@pytest.mark.parametrize("tool, part", [
    ("dzdo", "Incorrect dzdo password"), ("pbrun", "invalid password"), ("ksu", "Incorrect ksu password"),
])
def test_a_wrong_password(router, programs, hosts, way, tool, part):
    error = refused(router, way, plan_of(programs, hosts, tool), "the wrong one")
    assert part in error["message"] and f"{tool} to {hosts.other} on web1" in error["message"], error
    assert "the wrong one" not in json.dumps(error)


@ways
@pytest.mark.parametrize("tool, part", [("dzdo", "none was given"), ("pbrun", "pbrun"), ("ksu", "Missing ksu password")])
def test_no_password(router, programs, hosts, way, tool, part):
    error = refused(router, way, plan_of(programs, hosts, tool))
    assert part in error["message"], error


@ways
def test_a_program_that_is_not_there(router, programs, hosts, way):
    options = plan_of(programs, hosts, "pfexec")
    error = refused(router, way, options | {"command": f"/nonexistent/pfexec {WRAPPED}"})
    assert error["code"] == "become" and "was not found" in error["message"] and "/nonexistent/pfexec" in error["message"], error


@ways
def test_a_prompt_that_nobody_knows(router, programs, hosts, way):
    options = plan_of(programs, hosts, "ksu") | {"prompt_expressions": ["Something else:"]}
    error = refused(router, way, options, "gate secret", timeout=1)
    assert error["code"] == "timeout" and "Kerberos password for" in error["message"], error


def site_become(hosts, exe: str, flags: str = ""):
    """The site's plugin as Ansible loads it."""
    from ansible.plugins.loader import become_loader

    become_loader.add_directory(str(HERE / "become_plugins"))
    become = become_loader.get("site_enter")
    become.set_options(direct={"become_user": hosts.other, "become_exe": exe, "become_flags": flags})
    return become


def options_of(become) -> dict:
    """From a become plugin of Ansible's to the options of the plan.

    Each call of build_become_command draws a new identifier; with it the route would be a new one for every task.
    """
    from ansible.plugins.loader import get_shell_plugin

    command = become.build_become_command(PLACE, get_shell_plugin(shell_type="sh", executable="/bin/sh"))
    prompt = become.prompt if isinstance(become.prompt, str) else ""

    def steady(text):
        return text.replace(become._id, "mitogen")

    return {"method": become.name.rpartition(".")[2], "become_user": become.get_option("become_user"), "command": steady(command),
            "success": steady(become.success), "prompts": [steady(prompt)] if prompt else [], "fail": list(become.fail),
            "missing": list(become.missing), "tty": bool(become.require_tty)}


@ways
@pytest.mark.parametrize("flags", ["", "--quiet"])
def test_a_sites_own_plugin(router, programs, hosts, way, flags):
    options = options_of(site_become(hosts, str(programs / "enter"), flags))
    assert options == options_of(site_become(hosts, str(programs / "enter"), flags)), "the same options for every task"
    assert account(router, way, options, "gate secret") == hosts.other
    error = refused(router, way, options, "the wrong one")
    assert "Incorrect site_enter password" in error["message"] and error["code"] == "become", error
    error = refused(router, way, options)
    assert "Missing site_enter password" in error["message"], error


def test_su_and_sudo_through_ansibles_own_plugins(router, hosts):
    """Where our own plugins are not wanted: Ansible's su and sudo, and their real programs."""
    from ansible.plugins.loader import become_loader

    for name, password in (("su", hosts.values["OTHER_PASSWORD"]), ("sudo", hosts.login_password)):
        become = become_loader.get(name)
        login = f"setpriv --reuid={hosts.login} --regid={hosts.login} --init-groups {name}"
        become.set_options(direct={"become_user": hosts.other, "become_exe": login, "become_pass": password})
        assert account(router, "agent", options_of(become), password) == hosts.other
