"""What layers of categories are made of: texts as arrays, hashes, vocabularies, encodings."""
