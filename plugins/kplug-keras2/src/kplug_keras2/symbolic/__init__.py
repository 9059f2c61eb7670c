"""Keras 2's functions and layers that accept both eager and symbolic tensors."""
