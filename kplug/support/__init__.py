"""Small tools that know nothing of components: files, nested values, weak references, imports.

The package has no names of its own; each of its modules is public.
"""
