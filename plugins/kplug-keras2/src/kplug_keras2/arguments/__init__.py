"""Translates arguments of Keras 1 and 2 to their present names."""
