"""``python -m kplug_peer REPORT FILE…``: run these test files of Keras and write the outcomes as JSON."""

from __future__ import annotations

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

from .run import main

sys.exit(main(sys.argv[1:]))
