"""Labels of boards: filled from the ledger and the rows, drawn as PDF, sent to a printer."""
