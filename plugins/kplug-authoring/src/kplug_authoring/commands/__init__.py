"""Commands of ``kplug`` that this distribution adds."""
