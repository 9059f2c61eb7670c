"""Functions and layers of Keras 2 that compute with tensors, and connect to symbolic ones."""
