"""How `alink-sim platform` serves a platform, and how `alink-sim admin` controls a running one.

Imports the facade and everything below it.
"""
