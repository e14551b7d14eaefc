"""The state of a platform, in memory and stored: entities, sessions, settings, events.

Holds data and its own consistency, no wire. Imports no other room.
"""
