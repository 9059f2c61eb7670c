"""The contract of callbacks for each library, and a server that is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest.mock import MagicMock

import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_loggers import Aim, ClearML, Comet

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("case", contract_cases("kplug-loggers"), ids=str)
def test_contract(
    case: ContractCase, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each check trains several times, so runs are as quick as the library allows."""
    pytest.importorskip(case.component.name)
    monkeypatch.chdir(tmp_path_factory.getbasetemp())  # MLflow takes seconds to make a database
    monkeypatch.setenv("WANDB_MODE", "disabled")
    for logger in (Aim, ClearML, Comet):  # whose runs would take minutes
        monkeypatch.setattr(logger, "start", lambda logger, run_id: MagicMock(run_id="1"))
    check_contract(case)


PROGRAM = """
import sys
import numpy as np
import kplug

model = kplug.Sequential([kplug.layers.Dense(1, input_dim=3)])
model.compile("sgd", "mse")
x, y = np.ones((8, 3)), np.ones((8, 1))
history = model.fit(x, y, epochs=3, callbacks=[sys.argv[1]], verbose=0)
print(len(history.epoch))
"""
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("logger", "server"),
    [
        (
            "wandb(project='dice', mode='online', timeout=10)",
            {"WANDB_BASE_URL": NOWHERE, "WANDB_API_KEY": "0" * 40},
        ),
        (
            "comet_ml(online=True, timeout=5)",
            {"COMET_URL_OVERRIDE": f"{NOWHERE}/clientlib/", "COMET_API_KEY": "0" * 25},
        ),
        ("aim('aim://127.0.0.1:9', timeout=5)", {}),
        (
            "clearml(offline=False, timeout=5)",
            {
                "CLEARML_API_HOST": NOWHERE,
                "CLEARML_API_ACCESS_KEY": "key",
                "CLEARML_API_SECRET_KEY": "secret",
                "CLEARML_OFFLINE_MODE": "0",
                "CLEARML_PROC_MASTER_ID": "",  # ClearML logs nothing in children of this process
                "TRAINS_PROC_MASTER_ID": "",
            },
        ),
    ],
)
def test_a_server_that_is_gone_costs_a_warning(logger: str, server: dict[str, str]) -> None:
    """In a process of its own, which the library must not keep from ending."""
    pytest.importorskip(logger.partition("(")[0])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, logger],
        env={**os.environ, **server},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.stdout == "3\n"
    assert done.stderr.count(": the run is logged no further") == 1
