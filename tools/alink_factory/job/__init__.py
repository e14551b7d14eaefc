"""What is done with one board: burn, verify, update, wipe; one row as an image file."""
