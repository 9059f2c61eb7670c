"""What a loss is: its contract, its arguments, its reduction, and what may stand for one."""
