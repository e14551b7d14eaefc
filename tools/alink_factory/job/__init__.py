"""Jobs with one board: burn, verify, update, wipe; and one row as an image file."""
