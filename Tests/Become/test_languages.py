"""The real sudo and su in the languages of the target.

C.UTF-8 with LANGUAGE makes glibc look for translations without the locale itself having to be installed. doas has none.
"""
import gettext

import pytest

#: With letters beyond ASCII in either case, full-width marks, a blank before the colon, and plain ones.
LANGUAGES = ("de", "fr", "ru", "bg", "ja", "zh_CN", "vi", "tr")


def translated(language: str, domain: str, text: str) -> str:
    """From the catalogue that the program itself reads."""
    found = gettext.translation(domain, "/usr/share/locale", [language]).gettext(text)
    assert found != text, f"{domain} has no {language}"
    return found


@pytest.fixture
def speak(monkeypatch):
    def set_language(language: str):
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        monkeypatch.setenv("LANGUAGE", language)

    return set_language


@pytest.mark.parametrize("language", LANGUAGES)
def test_su_is_answered(accounts, speak, language):
    speak(language)
    done = accounts.run("agent", f"su:{accounts.other}", password=accounts.other_password)
    assert (done.status, done.out) == (0, accounts.other), done


@pytest.mark.parametrize("language", ["de", "ja", "ru"])
def test_a_wrong_password_of_su(accounts, speak, language):
    speak(language)
    done = accounts.run("agent", f"su:{accounts.other}", password="wrong password")
    assert done.status == 255 and "Incorrect su password" in done.err, done.err
    assert translated(language, "Linux-PAM", "Authentication failure") in done.err


@pytest.mark.parametrize("language", ["de", "fr", "ja", "vi", "zh_CN"])
def test_no_password_for_sudo(accounts, speak, language):
    speak(language)
    done = accounts.run("agent", "sudo:root")
    assert done.status == 255 and "Missing sudo password" in done.err, done.err
    assert translated(language, "sudoers", "a password is required") in done.err


@pytest.mark.parametrize("language", ["de", "ja", "zh_CN"])
def test_no_rule_for_sudo(accounts, speak, language):
    speak(language)
    done = accounts.run("agent", "sudo:root", login=accounts.other, password=accounts.other_password)
    assert done.status == 255 and "the login account is not in the sudoers file" in done.err, done.err
    assert translated(language, "sudoers", "%s is not in the sudoers file.\n").strip() % accounts.other in done.err
