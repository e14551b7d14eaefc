"""Who gets in: listening ports, what a CONNECT says, registrations and logins, limits."""
