"""What callbacks are made of: the base class, their list, and the parts that several of them share."""
