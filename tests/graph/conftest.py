"""Automatic names and draws start anew in each test."""

from __future__ import annotations

import pytest
import torch

from kplug.backend import clear_session


@pytest.fixture(autouse=True)
def _fresh_names_and_draws() -> None:
    clear_session()
    torch.manual_seed(0)
