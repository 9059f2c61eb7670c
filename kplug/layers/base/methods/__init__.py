"""The methods of ``Layer``, by what they are about; ``AnyLayer`` is what they need of it."""
