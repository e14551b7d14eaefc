"""OTA jobs, the task of each device, update packages: the rules. `state` holds what they change.

Imports `core` and `state`.
"""
