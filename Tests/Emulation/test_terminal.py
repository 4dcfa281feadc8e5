"""Where stock Ansible has a terminal, stdout and stderr come back as one and with its line ends; elsewhere they do not."""
import pytest
import results
from conftest import both


def variants(hosts) -> dict[str, dict]:
    """Of one server: (name, variables)."""
    password = {"ansible_become": True, "ansible_become_user": hosts.other, "ansible_become_password": hosts.login_password}
    su = password | {"ansible_become_method": "su", "ansible_become_password": hosts.values["OTHER_PASSWORD"]}
    alone = hosts.ssh_arguments
    several = {
        "pipelined": {"ansible_pipelining": True},
        "plain": {},
        "no_terminal": {"ansible_ssh_use_tty": False},
        "no_master": {"ansible_ssh_args": "-o ControlMaster=no"},
        "sudo": password,
        "sudo_pipelined": password | {"ansible_pipelining": True},
        "su": su,
        "su_pipelined": su | {"ansible_pipelining": True},
    }
    return {name: hosts.variables(1, ansible_ssh_common_args=alone) | more for name, more in several.items()}


@pytest.mark.parametrize("series", ["2.16", "2.19"])
def test_output_is_where_stock_has_it(hosts, series):
    stock, ours, said = both(hosts, series, "terminal", variants(hosts))
    assert len([record for record in stock if record["event"] != "recap"]) == 7 * len(variants(hosts)), "stock did not come to the end"
    found = results.compare(stock, ours)
    assert not found, "\n".join([*found, said[-1000:]])
