"""From power-up to the login of a session: every module here is a step of a boot."""
