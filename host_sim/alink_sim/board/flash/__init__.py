"""The flash of a board: NOR flash in a file, images to burn, and the choice of the slot."""
