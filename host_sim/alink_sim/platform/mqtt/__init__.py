"""MQTT 3.1.1 on the platform's side: packets, connections, ports."""
