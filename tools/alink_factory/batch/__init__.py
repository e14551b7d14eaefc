"""The batch: its file, its rows and names, and the plan that combines them."""
