"""The compiler process compiles the graph of a request, and times its code."""

from __future__ import annotations

import os

import pytest
import torch
from torch._dynamo.utils import counters
from torch.fx.experimental.proxy_tensor import make_fx

from kplug.training.jit import compiler_worker
from kplug.training.jit.compiler_worker import CompilerRequest, compile_request
from kplug.training.jit.graph_description import GraphDescription


def make_request(rows: int) -> CompilerRequest:
    x = torch.empty(rows, 4)
    graph = make_fx(lambda x: x.log() + x.sum())(torch.ones(2, 4))
    inputs = [(x.shape, x.stride(), x.dtype, x.device)]
    return CompilerRequest(GraphDescription.of(graph), inputs, 1, os.getpid())


def test_the_code_is_tried_out_with_zeros() -> None:
    counters.clear()  # other tests have filled them
    report = compile_request(make_request(2))
    assert report.compile_seconds > 0
    assert not report.is_cached  # tests run graphs operation by operation
    assert report.call_seconds is not None
    assert report.call_seconds > 0


def test_large_inputs_are_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_worker, "_LARGEST_TRIAL", 100)
    assert compile_request(make_request(2)).call_seconds is not None
    assert compile_request(make_request(7)).call_seconds is None


def test_the_least_of_the_rounds_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, threads that spin while they wait slow most rounds down."""
    seconds = iter([9.0, 9.0, 1.0, 9.0, 9.0])
    monkeypatch.setattr(compiler_worker, "_time_calls", lambda *_: next(seconds))
    assert compile_request(make_request(2)).call_seconds == 1.0
