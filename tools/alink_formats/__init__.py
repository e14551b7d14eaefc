"""Formats of bytes at rest, and their tools: identity, partitions, NVS, LittleFS, bytecode."""
