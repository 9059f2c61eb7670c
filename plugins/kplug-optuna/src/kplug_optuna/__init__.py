"""Searches with Optuna over components and their arguments."""

from kplug_optuna.pruning import OptunaPruning as OptunaPruning
from kplug_optuna.search_space import SearchSpace as SearchSpace

__all__ = ["OptunaPruning", "SearchSpace"]
