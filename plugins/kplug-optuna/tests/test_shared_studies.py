"""One study of several processes, in Optuna's own storages: PostgreSQL, and a journal in a shared folder."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

FILE = Path(__file__).with_name("shared_study.py")
TRIALS = 6

pytestmark = pytest.mark.slow  # processes that import torch


def _load_worker() -> ModuleType:
    found = importlib.util.spec_from_file_location("worker", FILE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@contextmanager
def _open(worker: ModuleType, place: str) -> Iterator[Any]:
    """Open a storage, and close its connections, which Optuna leaves to the collector."""
    storage = worker.open_storage(place)
    yield storage
    if isinstance(storage, optuna.storages.RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _search_in_two_processes(place: str) -> None:
    worker = _load_worker()
    with _open(worker, place) as storage:  # first, as two that make the tables at once clash
        optuna.create_study(storage=storage, study_name=worker.STUDY)
    command = [sys.executable, str(FILE), place, str(TRIALS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        _, complaints = process.communicate(timeout=300)
        assert process.returncode == 0, complaints
    with _open(worker, place) as storage:
        study = optuna.load_study(storage=storage, study_name=worker.STUDY)
        _check(worker, study.trials)


def _check(worker: ModuleType, trials: Sequence[optuna.trial.FrozenTrial]) -> None:
    assert sorted(trial.number for trial in trials) == list(range(2 * TRIALS))
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    for trial in trials:
        assert str(worker.SPACE.suggest(trial)) == trial.user_attrs["spec"]
        assert trial.intermediate_values
        assert {row["slot"] for row in trial.user_attrs["components"]} >= {"loss", "optimizer"}


def test_processes_share_a_journal_in_a_folder(tmp_path: Path) -> None:
    _search_in_two_processes(str(tmp_path / "journal.log"))


def _find_program(name: str) -> str | None:
    """Return a program of PostgreSQL, which Debian keeps off the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else shutil.which(name)


@pytest.fixture
def database() -> Iterator[str]:
    """Start a server of PostgreSQL with an empty database, and return its address, which has no port."""
    pytest.importorskip("psycopg")
    initdb, server = _find_program("initdb"), _find_program("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL is not installed")
    # It refuses to run as root; its package makes the user `postgres`.
    user = None if os.getuid() else "postgres"
    with tempfile.TemporaryDirectory() as folder:  # not pytest's, which others may not enter
        if user is not None:
            shutil.chown(folder, user)
        data = str(Path(folder, "data"))
        options = ["--auth=trust", "--username=kplug", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(
            [initdb, "-D", data, *options], check=True, capture_output=True, cwd=folder, user=user
        )
        command = [server, "-D", data, "-h", "", "-k", folder, "-F"]
        with (
            Path(folder, "log").open("w") as log,
            subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, user=user) as running,
        ):
            try:
                address = f"postgresql+psycopg://kplug@/postgres?host={folder}"
                _wait_for(address, running, Path(folder, "log"))
                yield address
            finally:
                running.send_signal(signal.SIGINT)  # which does not wait for clients


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = sqlalchemy.create_engine(address)
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            engine.connect().close()
            break
        except sqlalchemy.exc.OperationalError:
            time.sleep(0.1)
    engine.dispose()


def test_processes_share_a_database(database: str) -> None:
    _search_in_two_processes(database)
