"""Base of the category layers: text arrays, hashes, vocabularies and encodings."""
