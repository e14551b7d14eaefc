"""HTTP ports: what they share, dynamic registration, the data channel, OTA files."""
