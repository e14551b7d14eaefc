"""Bytes at rest and the programs that make them: identity, partitions, NVS, LittleFS, bytecode."""
