"""No layer ends the process on inputs that need no gradient: data, and what a frozen layer returns."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from tests.layers.without_gradients import list_layers

# To be filed with torch: the gradient of `group_norm` for a view with moved axes that needs none.
MOVED_AXES = """
import torch

x = torch.randn(2, 4, 4, 4).movedim(-1, 1)
weight, bias = torch.ones(4, requires_grad=True), torch.zeros(4, requires_grad=True)
torch.group_norm(x, 2, weight, bias).sum().backward()
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_layer_trains_on_inputs_without_gradients() -> None:
    left, ended = list_layers(), []
    while left:
        # All in one process; one that ends is started again behind the layer that ended it.
        found = run("-m", "tests.layers.without_gradients", *left)
        if found.returncode == 0:
            break
        last = found.stdout.split()[-1]
        ended.append(f"{last}: {found.returncode} {found.stderr[-300:]}")
        left = left[left.index(last) + 1 :]
    assert not ended


@pytest.mark.slow
@pytest.mark.skipif(
    torch.__version__.split("+")[0] not in ("2.12.0", "2.12.1", "2.13.0", "2.13.1"),
    reason="it is known of these versions of torch",
)
def test_torchs_own_function_still_ends_the_process() -> None:
    # Once this fails, GroupNormalization needs no copy any more.
    assert run("-c", MOVED_AXES).returncode < 0
