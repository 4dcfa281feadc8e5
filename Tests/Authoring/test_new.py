"""`mitogen plugins new`: what it writes builds, passes its own tests and the harness, and exports one symbol. In Swift it is built once, by
the test of the page for authors."""
import subprocess

import pytest
from conftest import INCLUDE, TIME_LIMIT, environment, make, mitogen

KINDS = ("connection", "become", "runner", "bundle")


def new(folder, *words):
    return mitogen("plugins", "new", *words, cwd=folder, env=environment(folder))


@pytest.mark.parametrize("kind, name, library", [*((kind, "acme", "libAcme.so") for kind in KINDS), ("bundle", "serial-console_2", "libSerialConsole2.so")])
def test_a_package_in_c_builds_and_passes_at_once(tmp_path, kind, name, library):
    done = new(tmp_path, name, "--kind", kind)
    assert done.returncode == 0, done.stderr
    done = make(tmp_path / name, "test", "CFLAGS=-O2 -Wpedantic -Werror")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout and "note" not in done.stdout
    symbols = subprocess.run(["nm", "-D", "--defined-only", tmp_path / name / "build" / library], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["mitogen_library_v1"]
    assert [line for line in done.stdout.splitlines() if line.startswith("ok    case ")], done.stdout


@pytest.mark.parametrize("kind", KINDS[:3])
def test_it_holds_under_the_sanitizers_of_the_compiler(tmp_path, kind):
    """The library is read by a program of its own, since a sanitizer has to be there first."""
    new(tmp_path, "acme", "--kind", kind)
    make(tmp_path / "acme", "build/libAcme.so")  # for half.h
    program = tmp_path / "feed.c"
    program.write_text(FEED)
    subprocess.run(["cc", "-std=c11", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", str(tmp_path / "acme" / "include"),
                    "-I", str(tmp_path / "acme" / "src"), "-I", str(tmp_path / "acme" / "build"), "-o", str(tmp_path / "feed"), str(program)], check=True)
    done = subprocess.run([tmp_path / "feed"], capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stderr


#: Options cut off at each byte, and with each byte replaced, to the plan of a package's plugin.
FEED = r"""
#include "acme.c"
#include <stdio.h>
static int32_t take(mitogen_reply *reply, const mitogen_bytes *bytes) {
  static size_t total;
  (void)reply;
  for (size_t i = 0; i < bytes->length; i++) total += bytes->data[i];
  return MITOGEN_OK;
}
static mitogen_function find(const mitogen_host *host, uint32_t id, const char *signature) {
  (void)host, (void)signature;
  return id == MITOGEN_WRITE ? (mitogen_function)take : NULL;
}
static void feed(void *instance, const char *text, size_t length) {
  uint8_t *copy = malloc(length ? length : 1);
  memcpy(copy, text, length);
  mitogen_bytes bytes = {copy, length};
  for (const mitogen_operation *operation = operations; operation->id; operation++) {
    if (operation->id == MITOGEN_CONNECTION_PLAN || operation->id == MITOGEN_RUNNER_RECOGNISE)
      ((int32_t (*)(void *, const mitogen_bytes *, void *))operation->function)(instance, &bytes, NULL);
  }
  free(copy);
}
int main(void) {
  const char text[] = "{\"name\":\"w\\u00e9\\ud83d\\ude00b\\n\",\"remote_addr\":\"h\xc3\xa9\",\"n\":[1,{\"a\":\"]\"}],\"become_user\":1000,"
                      "\"has_password\":true,\"timeout\":null,\"remote_user\":\"\"}";
  size_t length = sizeof text - 1;
  mitogen_host host = {MITOGEN_MAGIC, sizeof host, 1, 0, "1", find};
  void *instance = NULL;
  if (open_plugin(&host, &instance) != MITOGEN_OK) return 1;
  for (size_t at = 0; at <= length; at++) {
    char changed[sizeof text];
    feed(instance, text, at);
    memcpy(changed, text, length);
    for (int byte = 0; byte < 256 && at < length; byte++) {
      changed[at] = (char)byte;
      feed(instance, changed, length);
    }
  }
  return close_plugin(instance);
}
"""


def test_nothing_is_written_over(tmp_path):
    assert new(tmp_path, "acme", "--kind", "become").returncode == 0
    before = (tmp_path / "acme" / "src" / "acme.c").read_text()
    done = new(tmp_path, "acme", "--kind", "connection")
    assert done.returncode != 0 and "acme cannot be made: File exists" in done.stderr
    assert (tmp_path / "acme" / "src" / "acme.c").read_text() == before


@pytest.mark.parametrize("name", ["", "Acme", "1acme", "a.b", "../acme", "a" * 33, "äcme"])
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name):
    done = new(tmp_path, name, "--kind", "become")
    assert done.returncode != 0 and "cannot be a plugin's name" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_mark_of_a_template_is_left(tmp_path):
    for kind in KINDS:
        for language in ("c", "swift"):
            name = f"{kind}-{language}"
            assert new(tmp_path, name, "--kind", kind, "--language", language, "--mitogen", "../mitogen").returncode == 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            words = path.read_text().replace("actions/checkout@v4", "").replace("deploy@", "").replace("$@", "")
            assert "@" not in words.replace("@c @implementation", "").replace("@Suite", "").replace("@Test", ""), path


def test_swift_has_to_be_told_where_mitogen_is(tmp_path):
    done = new(tmp_path, "acme", "--kind", "become", "--language", "swift")
    assert done.returncode != 0 and "--mitogen" in done.stderr


def test_an_installed_package_is_found(tmp_path):
    new(tmp_path, "acme", "--kind", "become")
    done = make(tmp_path / "acme", "install", f"PLUGINS={tmp_path}/plugins")
    assert done.returncode == 0, done.stderr
    done = mitogen("plugins", "list", env=environment(tmp_path) | {"MITOGEN_PLUGIN_PATH": f"{tmp_path}/plugins"})
    row = next(line.split() for line in done.stdout.splitlines() if line.startswith("acme "))
    assert row == ["acme", "connection", "0.1.0", "available", "helper", f"{tmp_path}/plugins/libAcme.so"]


def test_the_header_is_that_of_this_release():
    assert mitogen("plugins", "header").stdout == (INCLUDE / "mitogen_plugin.h").read_text()


@pytest.mark.parametrize("language", ["c", "c++"])
def test_the_header_can_be_used_alone(tmp_path, language):
    source = tmp_path / "alone.c"
    source.write_text('#include "mitogen_plugin.h"\nconst mitogen_library *mitogen_library_v1(void) { return 0; }\n')
    subprocess.run(["cc", "-x", language, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{INCLUDE}", str(source)], check=True)
