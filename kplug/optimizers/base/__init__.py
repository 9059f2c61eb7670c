"""Shared parts of optimizers: parameters, common arguments, and saved state."""
