"""The summary of a model: what it says, and how it is printed."""
