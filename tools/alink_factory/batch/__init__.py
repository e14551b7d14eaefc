"""The batch: its file, its rows and names, and the plan made of them."""
