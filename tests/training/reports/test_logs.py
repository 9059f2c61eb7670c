"""Logs that are read when somebody looks, and results of metrics as Python values."""

from __future__ import annotations

import torch

from kplug.training.reports.logs import BatchLogs, read_results


def test_logs_are_read_once_and_only_when_looked_at() -> None:
    calls = []

    def read() -> dict[str, float]:
        calls.append(1)
        return {"loss": 0.5}

    logs = BatchLogs(read)
    assert bool(logs)
    assert not calls
    assert dict(logs) == {"loss": 0.5}
    assert logs.get("accuracy") is None
    assert len(calls) == 1


def test_logs_can_be_written() -> None:
    logs = BatchLogs(lambda: {"loss": 0.5})
    logs["lr"] = 0.1
    del logs["loss"]
    assert (dict(logs), len(logs), repr(logs)) == ({"lr": 0.1}, 1, "{'lr': 0.1}")


def test_scalars_of_several_types_are_read_together() -> None:
    assert read_results([torch.tensor(1), torch.tensor(0.5)]) == [1.0, 0.5]
    assert read_results([]) == []


def test_results_of_any_shape_are_read_at_once() -> None:
    results = [
        torch.eye(2),
        {"a": torch.tensor(1.0), "b": [torch.zeros(0), 3]},
        torch.tensor([2.0]),
    ]
    assert read_results(results) == [[[1.0, 0.0], [0.0, 1.0]], {"a": 1.0, "b": [[], 3]}, [2.0]]
