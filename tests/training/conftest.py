"""Every test of training starts with fresh names and the same random numbers."""

from __future__ import annotations

import pytest
import torch

from kplug import backend


@pytest.fixture(autouse=True)
def _fresh_start() -> None:
    backend.clear_session()
    torch.manual_seed(0)
