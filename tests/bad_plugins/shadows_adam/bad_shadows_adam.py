"""Not the Adam that anybody means; each import leaves a mark."""

from pathlib import Path

Path(__file__).with_suffix(".imported").touch()


def adam(params, lr=0.001):
    raise NotImplementedError
