"""Model summaries: their rows and their formats."""
