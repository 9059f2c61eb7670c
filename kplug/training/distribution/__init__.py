"""Distributed training: each process takes a share of every batch; all make the same update."""
