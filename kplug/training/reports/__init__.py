"""What a person learns of a run: logs, progress, profiles."""
