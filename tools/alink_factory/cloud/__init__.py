"""The cloud API: devices registered and reset."""
