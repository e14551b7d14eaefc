"""The display and the keyboard of an operator while the line runs."""
