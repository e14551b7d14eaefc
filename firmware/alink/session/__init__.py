"""One MQTT session with the platform: connection, packets, log in, keep alive, back off."""
