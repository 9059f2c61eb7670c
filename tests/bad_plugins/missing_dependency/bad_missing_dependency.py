"""Needs a package that nobody has."""

from a_package_that_nobody_has import something  # noqa: F401


def needy(weight_matrix):
    return 0.0
