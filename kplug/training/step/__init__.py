"""Steps: functions of a batch that train, evaluate or predict."""
