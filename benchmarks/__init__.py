"""Every figure we claim, as a command: `make bench`."""
