"""``kplug bench``: what training a model of your own takes, beside a loop written by hand."""
