"""Shared parts of metrics: base classes, thresholds, and adapters."""
