"""Checks of the level gold: in contexts, compiled, in processes, with recorded numbers, by a reference."""
