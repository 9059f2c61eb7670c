"""The oracle's backend, chosen before Keras is imported."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"
