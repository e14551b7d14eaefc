"""Bytes at rest: identity records, partition tables, NVS, LittleFS, board definitions."""
