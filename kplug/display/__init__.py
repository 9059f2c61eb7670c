"""Text for people: lines and curves for terminals, tables for notebooks, values in messages.

The package has no names of its own; each of its modules is public.
"""
