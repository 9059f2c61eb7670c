"""What an optimizer is: its parameters, common arguments, parts beside the rule, and saved state."""
