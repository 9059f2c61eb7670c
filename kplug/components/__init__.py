"""Parts that components of every kind share: configurations, arguments, contracts, layouts.

The package has no names of its own; each of its modules is public.
"""
