"""The articles for authors in Swift: what they quote is there, and DocC makes a site of them."""
import json
import re
import subprocess
import sys

import pytest
from conftest import REPOSITORY, TIME_LIMIT

CATALOG = REPOSITORY / "Core" / "PluginKit" / "PluginKit.docc"
ARTICLES = sorted(path for path in CATALOG.glob("*.md") if path.stem != "PluginKit")
QUOTED = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCES = [path for suffix in ("swift", "py", "c", "json") for path in (REPOSITORY / "Plugins" / "Examples").rglob(f"*.{suffix}")
           if not {"build", ".build"} & set(path.parts)]


@pytest.mark.parametrize("article", ARTICLES, ids=lambda path: path.stem)
def test_what_an_article_quotes_stands_in_an_example(article):
    texts = [source.read_text() for source in SOURCES]
    blocks = QUOTED.findall(article.read_text())
    assert blocks
    assert [block for block in blocks if not any(block in text for text in texts)] == []


def test_a_site_is_made_of_them():
    """A link that leads nowhere, in an article or in a comment of the kits, fails it."""
    done = subprocess.run([sys.executable, str(REPOSITORY / "tools" / "docs")], capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = REPOSITORY / ".build" / "docs" / "data" / "documentation"
    for article in ARTICLES:
        assert (pages / "pluginkit" / f"{article.stem.lower()}.json").exists()
    # Of a module that is brought along, and of the kit for tests.
    launch_plan = json.loads((pages / "pluginkit" / "launchplan.json").read_text())
    assert "How to start one node" in json.dumps(launch_plan["abstract"])
    assert (pages / "plugintestkit" / "recordeddialogue.json").exists()
