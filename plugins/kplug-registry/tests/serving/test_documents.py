"""Configuration files in docs/serving.md fit the server."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from kplug_registry.serving.audit_log import AuditLog
from kplug_registry.serving.database import Database
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[4]
UNUSED = {"h5py", "kplug", "numpy", "tomli", "torch"}  # tomli: of older Pythons than the image's


TEXT = (ROOT / "docs/serving.md").read_text()


def find_block(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(block)


def read_requirements(project: Path) -> list[str]:
    """Return what a project requires, and what its extra `serve` does."""
    table = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    return [*table["dependencies"], *table.get("optional-dependencies", {}).get("serve", [])]


def test_the_container_has_what_a_server_requires() -> None:
    words = shlex.split(find_block("dockerfile").replace("\\\n", " "))
    first, second = (at for at, word in enumerate(words) if word == "--no-cache-dir")
    assert words[first + 1 : first + 4] == ["--no-deps", "kplug", "kplug-registry"]
    listed = words[second + 1 : words.index("&&", second)]
    declared = map(
        Requirement,
        [*read_requirements(ROOT), *read_requirements(ROOT / "plugins/kplug-registry")],
    )
    assert listed == sorted(
        {
            one.name + (f"[{','.join(one.extras)}]" if one.extras else "")
            for one in declared
            if one.name not in UNUSED
        }
    )


def test_the_log_answers_the_question_to_sqlite(database: Database) -> None:
    (question,) = re.findall(r'sqlite3 serve.sqlite "(.*)"', TEXT)
    log = AuditLog(database)
    entry = log.begin("192.0.2.1")
    entry.token, entry.subject, entry.status = "anna", "kplug_waves-1.0-py3-none-any.whl", 200
    log.finish(entry)
    log.begin("192.0.2.2")
    with database.open() as connection:
        rows = [tuple(row) for row in connection.execute(question)]
        columns = [row["name"] for row in connection.execute("PRAGMA table_info(changes)")]
    assert rows == [(entry.began, "anna", "kplug_waves-1.0-py3-none-any.whl")]
    assert all(f"`{column}`" in TEXT for column in columns)
