"""Bytes of flash: the image to burn, and the present content of a board."""
