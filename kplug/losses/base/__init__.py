"""Shared parts of losses: the base class, arguments, reduction, and adapters."""
