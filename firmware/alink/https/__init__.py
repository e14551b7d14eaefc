"""HTTPS requests: to the platform, and for files. Every module here is needed for one request."""
