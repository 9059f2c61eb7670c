"""Fixtures for authors, in use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from kplug_authoring import pytest_plugin
from torch import Tensor

# As pytest would find them where the distribution is installed.
lay = pytest_plugin.lay
half_dtype = pytest_plugin.half_dtype
masked_sequences = pytest_plugin.masked_sequences
sequences_of_lengths = pytest_plugin.sequences_of_lengths
tied_pairs = pytest_plugin.tied_pairs


def test_a_layout_changes_the_memory_and_no_value(
    lay: Callable[[Tensor], Tensor], request: pytest.FixtureRequest
) -> None:
    value = torch.arange(24.0).reshape(2, 3, 4)
    laid = lay(value)
    assert torch.equal(laid, value)
    assert laid.is_contiguous() == ("contiguous" in request.node.name)
    assert laid.data_ptr() != value.data_ptr()


def test_half_types(half_dtype: torch.dtype) -> None:
    assert half_dtype in (torch.float16, torch.bfloat16)


def test_masked_steps_are_large_and_one_sequence_has_no_other(
    masked_sequences: tuple[Tensor, Tensor],
) -> None:
    values, mask = masked_sequences
    assert mask.sum(-1).tolist() == [6, 4, 1, 0]
    assert bool((values[~mask] == 1e3).all())
    assert bool((values[mask].abs() <= 1).all())


def test_lengths_change(sequences_of_lengths: list[Tensor]) -> None:
    assert [value.shape[1] for value in sequences_of_lengths] == [6, 9, 1, 4]


def test_pairs_have_ties(tied_pairs: tuple[Tensor, Tensor]) -> None:
    y_true, y_pred = tied_pairs
    assert y_true.shape == y_pred.shape
    assert len(set(y_pred.flatten().tolist())) < y_pred.numel()


@pytest.mark.slow
def test_pytest_has_them_and_imports_no_torch_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n\n\ndef test_light():\n    assert 'torch' not in sys.modules\n\n\n"
        "def test_half(half_dtype):\n    assert half_dtype.itemsize == 2\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "3 passed" in done.stdout, done.stdout
