"""The production line: rows of a batch in, verified boards and a ledger of every one out."""
