"""The command line's verbs about the platform: options in, calls of functions out."""
