"""A model and a lock: what is refused before anything is built, and what a model's lock has."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from kplug import Layer, Sequential, layers, load_model
from kplug.errors import LockError
from kplug.locking import format_lock
from kplug.locking.install_source import InstallSource, read_install_source
from kplug.models import loading
from kplug.saving.lock_check import lock_model
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install
install_plugin = conftest.install_plugin
_plugins_alone = conftest._plugins_alone

InstallPlugin = conftest.InstallPlugin
Save = Callable[..., Path]


class Mine(Layer):
    """A layer of the user's own code."""

    def call(self, inputs: Any) -> Any:
        return inputs


@pytest.fixture(autouse=True)
def _kplug_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let kplug be installed from an index, whatever state the checkout is in."""

    def read(name: str) -> InstallSource:
        return InstallSource() if name == "kplug" else read_install_source(name)

    for module in ("collecting", "drift"):
        monkeypatch.setattr(f"kplug.locking.{module}.read_install_source", read)


@pytest.fixture
def save(tmp_path: Path, install_plugin: InstallPlugin) -> Save:
    """Return a function that saves a model with a plugin's loss."""
    install_plugin(losses=("overlap",))

    def write(name: str = "m.keras", *more: Layer, loss: Any = "overlap") -> Path:
        model = Sequential([layers.Dense(2, input_dim=3), *more])
        model.compile("sgd", loss)
        model.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def locked(save: Save, tmp_path: Path) -> tuple[Path, Path]:
    """Return a model file and its lock."""
    path, lock = save(), tmp_path / "kplug.lock"
    lock.write_text(format_lock(lock_model(path)))
    return path, lock


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_the_lock_of_a_model_has_what_it_uses(save: Save, name: str) -> None:
    (package,) = (p for p in lock_model(save(name)).packages if p.name == "kplug-one")
    assert (package.version, package.components) == ("1.0", ("loss overlap",))


def test_a_model_is_loaded_where_nothing_differs(locked: tuple[Path, Path]) -> None:
    path, lock = locked
    assert load_model(path, lock=lock, verify="off").output_shape == (None, 2)


def test_drift_is_refused_before_anything_is_built(
    locked: tuple[Path, Path], install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = locked
    monkeypatch.setattr(loading, "model_from_config", lambda *_: pytest.fail("it was built"))
    lock.write_text(lock.read_text().replace('version = "1.0"', 'version = "0.9"'))
    with pytest.raises(LockError, match=r"kplug-one was locked at 0\.9, here is 1\.0"):
        load_model(path, lock=lock, verify="off")
    with pytest.raises(LockError, match="there is no lock"):
        load_model(path, lock=lock.with_name("absent"), verify="off")


def test_a_lock_of_another_model_is_refused(locked: tuple[Path, Path], save: Save) -> None:
    path, lock = locked
    lock.write_text("layout = 1\n")
    with pytest.raises(LockError, match="kplug-one is not in the lock"):
        load_model(path, lock=lock, verify="off")


def my_loss(y_true: Any, y_pred: Any) -> Any:
    return (y_true - y_pred).mean(-1)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_code_of_the_user_has_to_be_named_by_the_lock(
    save: Save, name: str, tmp_path: Path
) -> None:
    path, lock = save(name, Mine(), loss=my_loss), tmp_path / "kplug.lock"
    with pytest.raises(LockError) as caught:
        lock_model(path)
    assert "custom/Mine is code of your own" in str(caught.value)
    assert "custom/my_loss is code of your own" in str(caught.value)

    made = lock_model(path, allow_unlocked=True)
    assert made.not_locked == ("custom/Mine", "custom/my_loss")
    objects = {"Mine": Mine, "my_loss": my_loss}
    lock.write_text(format_lock(made))
    assert load_model(path, objects, lock=lock, verify="off").output_shape == (None, 2)

    every = [line for line in lock.read_text().splitlines() if "Mine" not in line]
    lock.write_text("\n".join(every))
    with pytest.raises(LockError, match="the lock does not cover custom/Mine, code of your own"):
        load_model(path, objects, lock=lock, verify="off")


def test_a_model_that_was_made_of_another_build_is_not_locked(
    save: Save, install: Sandbox, install_plugin: InstallPlugin
) -> None:
    path = save()
    del sys.modules["kplug_one"]  # as in another process
    install.uninstall("kplug-one")
    install_plugin(code="bbb")
    with pytest.raises(LockError) as caught:
        lock_model(path)
    assert "kplug-one 1.0, which supplied kplug-one/overlap, has other code here" in str(
        caught.value
    )
    assert caught.value.hint == "Lock the model where it was saved, or save it again here."


def test_a_file_that_does_not_say_a_version_is_not_locked(save: Save) -> None:
    path = save("m.h5")
    with h5py.File(path, "a") as file:
        text = file.attrs["kplug_components"].replace(b'"version":"1.0"', b'"version":""')
        file.attrs["kplug_components"] = text
    with pytest.raises(LockError, match="does not say which version of 'kplug-one' it used"):
        lock_model(path)


def test_a_file_without_a_table_is_not_locked(save: Save) -> None:
    path = save("m.h5")
    with h5py.File(path, "a") as file:
        del file.attrs["kplug_components"]
    with pytest.raises(LockError, match="the file does not say which packages it was made of"):
        lock_model(path)
