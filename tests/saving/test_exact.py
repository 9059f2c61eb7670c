"""``verify="exact"`` and ``lock=``: what a table leaves out is refused, not passed over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kplug import Sequential, layers, load_model
from kplug.errors import LockError, WeightsError
from kplug.locking import format_lock
from kplug.registry.loading import code_verification
from kplug.saving.lock_check import lock_model
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install
install_plugin = conftest.install_plugin
_plugins_alone = conftest._plugins_alone

InstallPlugin = conftest.InstallPlugin
Rows = list[dict[str, Any]]
PENALTY = (
    "def ridge(weight_matrix, strength=0.1):\n    return strength * (weight_matrix**2).sum()\n"
)


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(code_verification, "_READ", {})
    yield
    for name in ("kplug_one", "kplug_two"):
        sys.modules.pop(name, None)


@pytest.fixture
def model(install: Sandbox, install_plugin: InstallPlugin) -> Sequential:
    """Return a model with a loss of one plugin and a regularizer of another."""
    entries = {"kplug.regularizers": {"ridge": "kplug_two:ridge"}}
    install("kplug-two", entry_points=entries, modules={"kplug_two.py": PENALTY})
    install.record("kplug-two")
    install_plugin(losses=("overlap", "focal"))
    made = Sequential([layers.Dense(2, input_dim=3, name="a", kernel_regularizer="ridge")])
    made.compile("sgd", "overlap")
    return made


def edit(path: Path, change: Callable[[Rows], Rows | None]) -> None:
    """Rewrite the table of a file; None takes it away."""
    with h5py.File(path, "a") as file:
        content = json.loads(file.attrs["kplug_components"])
        rows = change(content["components"])
        del file.attrs["kplug_components"]
        if rows is not None:
            content["components"] = rows
            file.attrs["kplug_components"] = np.bytes_(json.dumps(content))


def without(rows: Rows, **wanted: str) -> Rows:
    return [row for row in rows if any(row[name] != value for name, value in wanted.items())]


def changed(rows: Rows, distribution: str, /, **facts: Any) -> Rows:
    return [{**row, **facts} if row["distribution"] == distribution else row for row in rows]


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_what_was_saved_here_is_loaded(model: Sequential, tmp_path: Path, name: str) -> None:
    model.save(tmp_path / name)
    for is_compiled in (True, False):
        again = load_model(tmp_path / name, verify="exact", compile=is_compiled)
        assert again.output_shape == (None, 2)
    again.load_weights(tmp_path / name, verify="exact")


EDITS: dict[str, tuple[Callable[[Rows], Rows | None], str]] = {
    "no table": (lambda rows: None, "does not say which packages it was made of"),
    "an emptied table": (lambda rows: [], "no row for loss: kplug-one/overlap is of kplug-one 1.0"),
    "no row of a loss": (
        lambda rows: without(rows, slot="loss"),
        "no row for loss: kplug-one/overlap",
    ),
    "no row of a slot of a layer": (
        lambda rows: without(rows, distribution="kplug-two"),
        "no row for a.kernel_regularizer: kplug-two/ridge is of kplug-two 1.0",
    ),
    "no row of what is built in": (
        lambda rows: without(rows, distribution="kplug"),
        "no row for optimizer: kplug/sgd is of kplug",
    ),
    "no hash": (
        lambda rows: changed(rows, "kplug-one", hash=None),
        "no hash of the code of kplug-one 1.0",
    ),
    "no hash, with a reason": (
        lambda rows: changed(rows, "kplug-one", hash=None, doubt="it was\x1b[2J edited"),
        "no hash of the code of kplug-one 1.0: it was?[2J edited",
    ),
    "a hash that is no text": (
        lambda rows: changed(rows, "kplug-one", hash=["sha256:ab"]),
        "no hash of the code of kplug-one 1.0",
    ),
    "no version": (
        lambda rows: changed(rows, "kplug-one", version=""),
        "does not say which version of 'kplug-one' it used",
    ),
    "no distribution": (
        lambda rows: changed(rows, "kplug-one", distribution=None),
        "no package that supplied 'kplug-one/overlap'",
    ),
    "the user's own code": (
        lambda rows: changed(rows, "kplug-one", distribution="custom", hash=None),
        "no row for loss: kplug-one/overlap",
    ),
    "another component": (
        lambda rows: changed(rows, "kplug-one", name="kplug-one/focal"),
        "no row for loss: kplug-one/overlap",
    ),
    "no row of an optimizer that is built in": (
        lambda rows: without(rows, slot="optimizer"),
        "no row for optimizer: kplug/sgd is of kplug",
    ),
    "a row of another kind": (
        lambda rows: changed(rows, "kplug-one", kind="metric"),
        "no row for loss: kplug-one/overlap",
    ),
    "code of another distribution": (
        lambda rows: changed(
            rows, "kplug-one", code={"distribution": "kplug-two", "version": "1.0"}
        ),
        "no hash of the code of kplug-two 1.0",
    ),
}


@pytest.mark.sampled
@pytest.mark.parametrize("edited", EDITS)
def test_an_edited_table_is_refused(model: Sequential, tmp_path: Path, edited: str) -> None:
    path, (change, reason) = tmp_path / "m.h5", EDITS[edited]
    model.save(path)
    edit(path, change)
    with pytest.raises(WeightsError) as caught:
        load_model(path, verify="exact")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "edited", ["no table", "no hash", "no version", "no row of a slot of a layer"]
)
@pytest.mark.parametrize("is_weights", [False, True])
def test_weights_of_an_edited_table_are_refused(
    model: Sequential, tmp_path: Path, edited: str, is_weights: bool
) -> None:
    path = tmp_path / "w.h5"
    model.save_weights(path) if is_weights else model.save(path)
    change, _ = EDITS[edited]
    if is_weights and edited != "no table":
        change = _OF_WEIGHTS[edited]
    edit(path, change)
    before = model.get_weights()
    with pytest.raises(WeightsError):
        model.load_weights(path, verify="exact")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


_OF_WEIGHTS: dict[str, Callable[[Rows], Rows | None]] = {
    "no hash": lambda rows: changed(rows, "kplug-two", hash=None),
    "no version": lambda rows: changed(rows, "kplug-two", version=""),
    "no row of a slot of a layer": lambda rows: without(rows, distribution="kplug-two"),
}


def test_a_configuration_that_names_another_component(model: Sequential, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    model.save(path)
    with h5py.File(path, "a") as file:
        text = file.attrs["training_config"]
        assert "overlap" in text
        file.attrs["training_config"] = text.replace("overlap", "focal")
    with pytest.raises(WeightsError, match="no row for loss: kplug-one/focal"):
        load_model(path, verify="exact")


@pytest.mark.parametrize("change", [lambda rows: [], lambda rows: without(rows, slot="loss")])
def test_a_lock_covers_what_is_loaded_whatever_the_table_says(
    model: Sequential, tmp_path: Path, change: Callable[[Rows], Rows]
) -> None:
    path, lock = tmp_path / "m.h5", tmp_path / "kplug.lock"
    model.save(path)
    made = lock_model(path, allow_unlocked=True)
    lock.write_text(format_lock(made))
    load_model(path, lock=lock)
    kept = [package for package in made.packages if package.name != "kplug-one"]
    lock.write_text(format_lock(type(made)(tuple(kept))))
    edit(path, change)
    with pytest.raises(LockError, match="kplug-one is not in the lock"):
        load_model(path, lock=lock, verify="off")


def test_code_that_nobody_can_vouch_for_has_a_reason_in_the_file(
    model: Sequential, install: Sandbox, tmp_path: Path
) -> None:
    sys.modules["kplug_one"].overlap = lambda y_true, y_pred: 0 * y_pred  # type: ignore[attr-defined]
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        row = json.loads(file.attrs["kplug_components"])["components"][0]
    reason = "'kplug_one.overlap' is not what its file says"
    assert (row["hash"], row["doubt"]) == (None, reason)
    with pytest.raises(WeightsError, match=f"no hash of the code of kplug-one 1.0: {reason}"):
        load_model(tmp_path / "m.h5", verify="exact")
    with pytest.raises(LockError, match=f"no hash of the code of kplug-one 1.0: {reason}"):
        lock_model(tmp_path / "m.h5")


def test_code_that_is_other_here_is_refused(
    model: Sequential, install: Sandbox, tmp_path: Path
) -> None:
    model.save(tmp_path / "m.h5")
    sys.modules.pop("kplug_one")
    code_verification._READ.clear()
    path = install.folder / "kplug_one.py"
    path.write_text(path.read_text() + "# edited\n")
    with pytest.raises(WeightsError) as caught:
        load_model(tmp_path / "m.h5", verify="exact")
    sentence = "cannot be vouched for here: the file of 'kplug_one' is not as it was installed"
    assert f"kplug-one 1.0, which supplied kplug-one/overlap, {sentence}" in str(caught.value)
    assert "kplug_one" not in sys.modules  # it is refused before it is imported


@pytest.fixture
def wrapped(model: Sequential, install: Sandbox) -> Sequential:
    """Return a model with a loss that a distribution offers, but another supplies."""
    entries = {"kplug.losses": {"common": "kplug_one:overlap"}}
    install(
        "a-wrapper",
        "0.1.0",
        entry_points=entries,
        modules={"a_wrapper.py": ""},
        requires=["kplug-one"],
    )
    install.record("a-wrapper", "0.1.0")
    model.compile("sgd", "common")
    return model


def test_a_row_says_whose_code_a_component_is(wrapped: Sequential, tmp_path: Path) -> None:
    rows = {row.name: row for row in wrapped.components}
    common, ridge = rows["a-wrapper/common"], rows["kplug-two/ridge"]
    assert (common.distribution, common.version, common.code) == ("a-wrapper", "0.1.0", "kplug-one")
    assert (ridge.version, ridge.code) == ("1.0", "")
    wrapped.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        row = json.loads(file.attrs["kplug_components"])["components"][0]
    assert (row["version"], row["code"]["distribution"], row["code"]["version"]) == (
        "0.1.0",
        "kplug-one",
        "1.0",
    )
    assert row["hash"] != row["code"]["hash"]
    load_model(tmp_path / "m.h5", verify="exact")
    names = [
        package.name for package in lock_model(tmp_path / "m.h5", allow_unlocked=True).packages
    ]
    assert {"a-wrapper", "kplug-one", "kplug-two"} <= set(names)


def test_other_code_behind_an_offer_is_refused(
    wrapped: Sequential, install: Sandbox, install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    wrapped.save(tmp_path / "m.h5")
    sys.modules.pop("kplug_one")
    code_verification._READ.clear()
    install.uninstall("kplug-one")
    install_plugin(losses=("overlap", "focal"), code="bbb")
    with pytest.raises(WeightsError) as caught:
        load_model(tmp_path / "m.h5", verify="exact")
    assert "kplug-one 1.0, which supplied a-wrapper/common, has other code here" in str(
        caught.value
    )
