"""Reports of a run: logs, progress, profiles."""
