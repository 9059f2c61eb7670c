"""Models that train from scratch under ``KPLUG_LOCK``, and what is refused before the first step."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kplug import Sequential, layers, load_model
from kplug.errors import LockError
from kplug.locking import Lock, check_lock, format_lock, lock_environment
from kplug.registry.loading import code_verification
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install
install_plugin = conftest.install_plugin
_plugins_alone = conftest._plugins_alone

InstallPlugin = conftest.InstallPlugin
X, Y = np.ones((4, 3)), np.ones((4, 2))


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(code_verification, "_READ", {})
    yield
    sys.modules.pop("kplug_one", None)


@pytest.fixture
def lock(install_plugin: InstallPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lock a plugin with a loss, and require the lock."""
    install_plugin()
    path = tmp_path / "kplug.lock"
    path.write_text(format_lock(lock_environment(allow_unlocked=True)))
    monkeypatch.setenv("KPLUG_LOCK", str(path))
    return path


@pytest.fixture(autouse=True)
def _built_ins_need_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave kplug out, as the lock does: how it is installed differs between machines."""

    def check(lock: Lock, used: set[str]) -> None:
        check_lock(lock, used - {"kplug", "torch"})

    monkeypatch.setattr("kplug.training.locked_components.check_lock", check)


def make(loss: str = "overlap") -> Sequential:
    model = Sequential([layers.Dense(2, input_dim=3)])
    model.compile("sgd", loss)
    return model


@pytest.mark.usefixtures("lock")
def test_what_is_as_locked_trains() -> None:
    make().fit(X, Y, verbose=0)
    make().train_on_batch(X, Y)


@pytest.mark.usefixtures("lock")
@pytest.mark.parametrize("method", ["fit", "train_on_batch"])
def test_other_code_under_the_same_version_is_refused_before_the_first_step(
    method: str, install: Sandbox, install_plugin: InstallPlugin
) -> None:
    install.uninstall("kplug-one")
    install_plugin(code="bbb")
    model = make()
    before = model.get_weights()[0]
    with pytest.raises(
        LockError, match=r"kplug-one 1\.0 has other code here under the same version"
    ):
        getattr(model, method)(X, Y)
    np.testing.assert_array_equal(before, model.get_weights()[0])
    make("mse").predict(X, verbose=0)  # nothing is trained


@pytest.mark.usefixtures("lock")
def test_a_package_that_is_not_in_the_lock_is_refused(install_plugin: InstallPlugin) -> None:
    install_plugin("kplug-two", losses=("other",))
    with pytest.raises(LockError, match="kplug-two is not in the lock"):
        make("other").fit(X, Y, verbose=0)
    make("mse").fit(X, Y, verbose=0)


def test_a_lock_that_is_not_there_is_an_error(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.unlink()
    with pytest.raises(LockError, match="there is no lock"):
        make().fit(X, Y, verbose=0)
    monkeypatch.setenv("KPLUG_LOCK", "")
    make().fit(X, Y, verbose=0)


def test_load_model_takes_the_lock_of_the_environment(
    lock: Path, install: Sandbox, install_plugin: InstallPlugin, tmp_path: Path
) -> None:
    make().save(tmp_path / "m.keras")
    lock.write_text(lock.read_text().replace('version = "1.0"', 'version = "0.9"'))
    with pytest.raises(LockError, match=r"kplug-one was locked at 0\.9, here is 1\.0"):
        load_model(tmp_path / "m.keras")
