"""The flash of a board: NOR flash in a file, what is burned into it, and which slot starts."""
