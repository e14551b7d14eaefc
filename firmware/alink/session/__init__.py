"""One MQTT session with the platform: connection, packets, log in, keep alive, back off."""

RESIDENT = ("session", "mqtt", "connection")  # The others are steps; see `heap`.
