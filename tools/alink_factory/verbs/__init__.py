"""The verbs of `alink-burn`: options in, functions called, an exit code out."""
