"""Whole steps as compiled graphs: recorded while one of them runs, then run without Python."""
