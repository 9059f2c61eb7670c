"""What a name means: ``lookup`` decides, ``misses`` says what is wrong with it, ``explanations`` says why."""
