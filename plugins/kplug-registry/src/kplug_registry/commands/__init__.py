"""Commands of ``kplug`` that this distribution adds, one module each."""
