"""Sets the oracle's backend before Keras is imported."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"
