"""What a metric is: its state, its means, its thresholds, and what may stand for one."""
