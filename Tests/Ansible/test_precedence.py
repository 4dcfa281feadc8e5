"""Every variable, keyword, setting and environment variable of a method: what wins is what wins for stock Ansible."""
import pytest
import venvs


@pytest.mark.parametrize('kind, name, at_least', [('connection', 'ssh', 200), ('become', 'sudo', 100), ('become', 'su', 100)])
def test_what_wins_is_what_wins_for_stock(series, kind, name, at_least):
    answer = series.ask('precedence', kind, name)
    assert answer['wrong'] == []
    assert answer['cases'] >= at_least


def test_what_wins_for_doas_is_what_wins_for_its_collection(series):
    answer = series.ask('precedence', 'become', 'community.general.doas', collections=venvs.collections())
    assert answer['wrong'] == []
    assert answer['cases'] >= 100
