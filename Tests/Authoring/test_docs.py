"""`mitogen plugins docs`: what plugins declare, as Markdown and as Ansible has its own."""
import json
import subprocess

import pytest
import venvs
from conftest import TIME_LIMIT, environment, mitogen


def ansible_doc(folder, name: str, document: str) -> dict:
    """What ansible-doc makes of a document that stands in a plugin's file."""
    plugins = folder / "connection_plugins"
    plugins.mkdir()
    (plugins / f"{name}.py").write_text(f"DOCUMENTATION = r'''\n{document.removeprefix('---')}'''\n")
    venv = venvs.for_series(venvs.DEFAULT_SERIES)
    values = environment(folder) | {"ANSIBLE_CONNECTION_PLUGINS": str(plugins)}
    done = subprocess.run([venv.tool("ansible-doc"), "-t", "connection", "-j", name], cwd=folder, env=values, capture_output=True, text=True,
                          timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)[name]["doc"]


def declared(name: str) -> dict:
    return json.loads(mitogen("plugins", "show", name, "--json").stdout)[0]["declaration"]


@pytest.mark.parametrize("name", ["docker", "kubectl", "sudo"])
def test_ansible_doc_reads_what_a_method_declares(tmp_path, name):
    done = mitogen("plugins", "docs", name, "--format", "ansible")
    assert done.returncode == 0, done.stderr
    # A name that Ansible has no plugin of.
    found = ansible_doc(tmp_path, "acme", done.stdout.replace(f'name: "{name}"', 'name: "acme"', 1))
    said = declared(name)
    assert found["short_description"] == said["description"]
    assert set(found["options"]) == {option["name"] for option in said["options"]}
    for option in said["options"]:
        shown = found["options"][option["name"]]
        assert shown["description"] == [option["description"]]
        assert shown["type"] == {"string": "str", "dictionary": "dict"}.get(option["type"], option["type"])
        assert shown.get("default") == option.get("default")
        for key in ("vars", "env"):
            assert [entry["name"] for entry in shown.get(key, [])] == option.get(key, [])
        assert [(entry["section"], entry["key"]) for entry in shown.get("ini", [])] == [(entry["section"], entry["key"]) for entry in option.get("ini", [])]


def test_without_a_name_all_methods_are_there():
    names = {entry["name"] for entry in json.loads(mitogen("plugins", "list", "--json").stdout) if entry["kind"] == "connection"}
    markdown = mitogen("plugins", "docs").stdout
    assert {line.removeprefix("## ") for line in markdown.splitlines() if line.startswith("## ")} == names
    assert mitogen("plugins", "docs", "--format", "ansible").stdout.count("\n---\n") == len(names) - 1


@pytest.mark.parametrize("form", ["markdown", "ansible"])
def test_the_value_of_a_secret_is_in_neither(cell, form):
    """A library that declares one is wrong, and may be there all the same."""
    path = cell.with_suffix(".manifest.json")
    manifest = json.loads(path.read_text())
    manifest["plugins"][0]["declaration"]["options"] = [
        {"name": "pin", "type": "string", "description": "To open it.", "secret": True, "default": "hunter2"},
        {"name": "key", "type": "string", "description": "Which.", "default": "round"}]
    path.write_text(json.dumps(manifest))
    shown = mitogen("plugins", "docs", "cell", "--format", form, "--plugin-dir", cell.parent).stdout
    assert "pin" in shown and "round" in shown and "hunter2" not in shown


def test_an_alias_leads_to_its_method():
    assert mitogen("plugins", "docs", "community.docker.docker").stdout == mitogen("plugins", "docs", "docker").stdout != ""


def test_a_name_that_is_none_is_refused():
    done = mitogen("plugins", "docs", "docker", "nosuch")
    assert done.returncode != 0 and 'There is no method "nosuch"' in done.stderr and done.stdout == ""
