"""What devices publish and get: one module a family of topics. `dispatch` finds the family.

Imports `ota`, `access`, `core` and `state`.
"""
