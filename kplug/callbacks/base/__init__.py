"""Shared parts of callbacks: the base class, monitoring, saving, and writing."""
