"""Translates names, arguments and defaults of Keras 1, Keras 2 and tf-keras."""
