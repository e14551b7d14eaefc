"""What an operator sees and types while the line runs."""
