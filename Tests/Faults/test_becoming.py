"""Accounts that cannot be become. The others go on, and so does the host for tasks that need no become."""
TASKS = [
    {"name": "become", "command": "id -un", "become": True},
    {"name": "not reached", "command": "echo no"},
]


def assert_failed(outcome, *words):
    assert outcome.events("bad") == ["failed"], outcome.output
    for word in words:
        assert word.lower() in outcome.text("bad").lower(), outcome.text("bad")
    assert outcome.events("good") == ["ok", "ok"], outcome.output
    assert outcome.status == 2


def good_password(hosts):
    return {"vars": {"ansible_become_password": "{{ passwords[inventory_hostname] }}"}}


def play(hosts, bad_password):
    passwords = {"good": hosts.login_password, "bad": bad_password}
    return {"vars": {"passwords": passwords, "ansible_become_password": "{{ passwords[inventory_hostname] }}"}}


def test_a_wrong_sudo_password_fails(runner, hosts):
    outcome = runner.run(TASKS, play=play(hosts, "wrong password"))
    assert_failed(outcome, "incorrect sudo password")
    assert "wrong password" not in outcome.output


def test_a_missing_sudo_password_fails(runner, hosts):
    tasks = [dict(TASKS[0], vars={"ansible_become_password": hosts.login_password}, when="inventory_hostname == 'good'"),
             dict(TASKS[0], name="without a password", when="inventory_hostname == 'bad'")]
    outcome = runner.run(tasks)
    assert outcome.events("bad") == ["skipped", "failed"], outcome.output
    assert "password" in outcome.text("bad").lower()
    assert outcome.events("good") == ["ok", "skipped"], outcome.output


def test_an_account_that_does_not_exist_fails(runner, hosts):
    tasks = [dict(TASKS[0], become_user="{{ 'no-such-account' if inventory_hostname == 'bad' else 'root' }}"), TASKS[1]]
    assert_failed(runner.run(tasks, play=play(hosts, hosts.login_password)), "no-such-account")


def test_a_failed_become_does_not_stop_tasks_without_it(runner, hosts):
    tasks = [dict(TASKS[0], ignore_errors=True), {"name": "ourselves", "command": "id -un"}]
    outcome = runner.run(tasks, play=play(hosts, "wrong password"))
    assert outcome.events("bad") == ["ignored", "ok"], outcome.output
    assert outcome.last("bad")["result"]["stdout"] == hosts.login


def test_a_rule_for_python_suffices(runner, hosts):
    """`NOPASSWD: /usr/bin/python3 -c*` is all that the account may."""
    rule = {"ansible_user": hosts.rule, "ansible_python_interpreter": "/usr/bin/python3"}
    outcome = runner.run([{"name": "root", "command": "id -un", "become": True, "when": "inventory_hostname == 'bad'"}], bad=rule)
    assert outcome.events("bad") == ["ok"], outcome.output
    assert outcome.last("bad")["result"]["stdout"] == "root"
