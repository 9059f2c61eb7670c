"""Raises when it is imported."""

raise ImportError("the compiled part of this package was built for another Python")
