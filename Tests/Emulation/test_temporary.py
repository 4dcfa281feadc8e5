"""Temporary files lie where Ansible's settings say, as under stock Ansible."""
from conftest import both

import venvs


def test_remote_tmp_is_where_modules_have_their_temporary_files(hosts):
    home, others = f"/home/{hosts.login}", f"/home/{hosts.other}"
    common = {"own": home, "other": hosts.other, "ansible_become_password": hosts.login_password}
    inventory = {
        "by_setting": hosts.variables(1, **common),
        "by_variable": hosts.variables(2, ansible_remote_tmp=f"{home}/of-the-host", **common),
    }
    stock, ours, said = both(hosts, venvs.DEFAULT_SERIES, "temporary", inventory, ANSIBLE_REMOTE_TMP="~/of-the-setting")
    for records in (stock, ours):
        found = {(record["host"], record["task"].rsplit(" (", 1)[0]): record["result"].get("temporary", "") for record in records if record["event"] != "recap"}
        expected = {
            ("by_setting", "of the host"): f"{home}/of-the-setting/", ("by_variable", "of the host"): f"{home}/of-the-host/",
            ("by_setting", "of the task"): f"{home}/of-the-task/", ("by_variable", "of the task"): f"{home}/of-the-task/",
            ("by_setting", "of another account"): f"{others}/of-the-other/", ("by_variable", "of another account"): f"{others}/of-the-other/",
        }
        assert found.keys() == expected.keys(), said[-2000:]
        assert {key: path for key, path in found.items() if not path.startswith(expected[key])} == {}
