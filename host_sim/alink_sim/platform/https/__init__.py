"""HTTP ports for devices: dynamic registration, the data channel, files of OTA packages.

Imports `topics`, `ota`, `access`, `core`, `faults` and `state`.
"""
