"""Training in several processes: each takes its share of every batch, all make the same update."""
