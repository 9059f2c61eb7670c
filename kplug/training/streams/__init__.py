"""Data that are not tensors in memory: rows on disk or in sparse matrices, batches of generators."""
