"""The program in the plugin's README runs as printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.slow
def test_the_program_runs_and_warns_of_each_argument_of_keras_1() -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "output_dim= of Dense is Keras 1's name; today it is units=" in done.stderr
    assert "init= of Dense is Keras 1's name; today it is kernel_initializer=" in done.stderr
