"""Works, and leaves a mark when it is imported."""

from pathlib import Path

Path(__file__).with_suffix(".imported").touch()


def puddle(weight_matrix, depth=0.25):
    return depth


def brook(weight_matrix):
    return 0.5
