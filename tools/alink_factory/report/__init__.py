"""A batch and its ledger as tables."""
