"""Bytes of flash: what is burned on a board, and what a board already holds."""
