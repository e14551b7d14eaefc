"""What the platform knows, in memory and at rest: entities, sessions, settings, events.

Holds data and its own consistency, no wire. Imports no other room.
"""
