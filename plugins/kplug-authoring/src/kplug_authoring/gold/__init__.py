"""Checks of the level gold: compiled, in several processes, with numbers of its own and of a reference."""
