"""Shared parts of all architectures: inputs, tops, weight files and layers."""
