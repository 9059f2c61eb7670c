"""Files of a process under which a plugin is upgraded, and ``verify`` where the code differs."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # each test runs Python anew, once or more

SOURCE = """
from kplug.losses import Loss

class Aging(Loss):
    def __init__(self, name="aging"):
        super().__init__(name)

    def call(self, y_true, y_pred):
        return {number} * (y_true - y_pred).abs().mean(-1)
"""
PROGRAM = """
import json, sys, warnings
from pathlib import Path
import numpy as np
site, folder = map(Path, sys.argv[1:3])
sys.path.insert(0, str(site))
import kplug
from tests.saving.test_upgrades import install, read_table

said = []
warnings.showwarning = lambda message, *others: said.append(str(message))

def attempt(run):
    try:
        return run()
    except kplug.KplugError as error:
        return str(error)

def save(path, loss="kplug-aging/aging"):
    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2, kernel_initializer="ones")])
    model.compile("sgd", loss)
    model.save(folder / path)
    value = model.evaluate(np.ones((1, 2)), np.zeros((1, 1)), verbose=0)
    return {**read_table(folder / path), "value": value}
"""


def install(site: Path, version: str, number: int, editable: bool = False) -> None:
    """Write what pip writes; an earlier version is replaced."""
    site.mkdir(exist_ok=True)
    for old in site.glob("*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"kplug_aging-{version}.dist-info"
    info.mkdir()
    source = SOURCE.format(number=number)
    (site / "kplug_aging.py").write_text(source)
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: kplug-aging\nVersion: {version}\n",
        "entry_points.txt": "[kplug.losses]\naging = kplug_aging:Aging\n",
    }
    if editable:
        facts = {"dir_info": {"editable": True}, "url": site.as_uri()}
        files["direct_url.json"] = json.dumps(facts)
    digest = (
        base64.urlsafe_b64encode(hashlib.sha256(source.encode()).digest()).rstrip(b"=").decode()
    )
    own = (
        "kplug_aging.pth,sha256=x,1"
        if editable
        else f"kplug_aging.py,sha256={digest},{len(source)}"
    )
    files["RECORD"] = f"{own}\n"
    for name, text in files.items():
        (info / name).write_text(text)


def read_table(path: Path) -> dict[str, Any]:
    """Return version and hash of the plugin in a file."""
    import h5py

    from kplug.saving.provenance import read_components

    with h5py.File(path) as file:
        rows = read_components(file) or []
    (row,) = (row for row in rows if row["distribution"] == "kplug-aging")
    return {"version": row["version"], "hash": row["hash"]}


def _run(site: Path, folder: Path, lines: str) -> Any:
    program = f"{PROGRAM}\nresults = []\n{lines}\nprint(json.dumps([results, said]))"
    command = [sys.executable, "-B", "-c", program, str(site), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def site(tmp_path: Path) -> Path:
    install(tmp_path / "site", "1.0", 1)
    return tmp_path / "site"


REPLACED = "kplug-aging 2.0 is installed, this process runs 1.0: restart Python"


def test_a_file_has_the_version_whose_code_ran(site: Path, tmp_path: Path) -> None:
    results, said = _run(
        site,
        tmp_path,
        """
results.append(save("a.h5"))
install(site, "2.0", 2)
attempt(lambda: kplug.resolve("loss", "nobody_offers_it"))  # a miss looks again at what is installed
results.append(save("b.h5"))
kplug.reload()
results.append(save("c.h5"))
results.append(attempt(lambda: kplug.load_model(folder / "c.h5", verify="exact").loss.name))
model = kplug.load_model(folder / "c.h5")
results.append(str(model.components).splitlines()[-1].strip())
results.append("1.0: restart" in model.components._repr_html_())
""",
    )
    one, two, three, loaded, remark, is_in_html = results
    assert (one["version"], one["value"]) == ("1.0", 2.0)
    assert one == two == three  # code, version and hash
    assert str(one["hash"]).startswith("sha256:")
    assert (loaded, remark, is_in_html) == ("aging", REPLACED, True)
    assert said == [REPLACED]


def test_an_upgrade_before_the_first_import_is_recorded_as_what_it_is(
    site: Path, tmp_path: Path
) -> None:
    results, said = _run(
        site,
        tmp_path,
        """
attempt(lambda: kplug.resolve("loss", "nobody_offers_it"))
install(site, "2.0", 2)
results.append(save("a.h5"))
""",
    )
    assert (results[0]["version"], results[0]["value"], said) == ("2.0", 4.0, [])


def test_what_the_user_imported_before_is_not_recorded_as_the_upgrade(
    site: Path, tmp_path: Path
) -> None:
    results, said = _run(
        site,
        tmp_path,
        """
import kplug_aging
install(site, "2.0", 2)
results.append(save("a.h5", kplug_aging.Aging()))
""",
    )
    assert results == [{"version": "", "hash": None, "value": 2.0}]
    assert said == [
        "kplug-aging 2.0 is installed, this process runs code that was imported before it was "
        "installed: restart Python"
    ]


LOAD = """
for verify in ("warn", "exact"):
    results.append(attempt(lambda: kplug.load_model(folder / "a.h5", verify=verify).loss.name))
"""


@pytest.mark.parametrize("editable", [False, True])
def test_other_code_under_one_version_is_noticed_under_one_version(
    editable: bool, site: Path, tmp_path: Path
) -> None:
    install(site, "1.0", 1, editable)
    ((saved, *same), said) = _run(site, tmp_path, f'results.append(save("a.h5"))\n{LOAD}')
    assert str(saved["hash"]).startswith("editable-sha256:" if editable else "sha256:")
    assert (same, said) == (["aging", "aging"], [])
    install(site, "1.0", 2, editable)
    (changed, said) = _run(site, tmp_path, LOAD)
    sentence = (
        "the file was made with other packages:\n  kplug-aging 1.0, which supplied kplug-aging/aging, "
        "has other code here under the same version"
    )
    assert (changed[0], len(said)) == ("aging", 1)
    assert f"{sentence}\n    loss kplug-aging/aging computes other numbers: " in said[0]
    assert sentence in changed[1]


def test_who_loads_a_file_of_the_upgrade_is_told_to_restart(site: Path, tmp_path: Path) -> None:
    install(site, "2.0", 2)
    _run(site, tmp_path, 'save("a.h5")')
    install(site, "1.0", 1)
    lines = """
kplug.resolve("loss", "aging")
install(site, "2.0", 2)
results.append(attempt(lambda: kplug.load_model(folder / "a.h5", verify="exact")))
"""
    ((message,), _) = _run(site, tmp_path, lines)
    assert f"kplug-aging/aging, was 2.0, here 1.0: {REPLACED}" in message


def test_a_file_without_hashes_is_not_exact(site: Path, tmp_path: Path) -> None:
    strip = """
import h5py
save("a.h5")
with h5py.File(folder / "a.h5", "a") as file:
    content = json.loads(file.attrs["kplug_components"])
    for row in content["components"]:
        del row["hash"], row["written"]
    file.attrs["kplug_components"] = np.bytes_(json.dumps(content))
"""
    _run(site, tmp_path, strip)
    ((loaded, refused), said) = _run(site, tmp_path, LOAD)
    assert (loaded, said) == ("aging", [])
    assert "no hash of the code of kplug-aging 1.0" in refused
