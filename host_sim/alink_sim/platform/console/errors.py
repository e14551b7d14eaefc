"""The errors of the pages."""

from __future__ import annotations


class MissingError(LookupError):
    """A product, device, batch or package does not exist; the text says so."""
