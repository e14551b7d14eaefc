"""MQTT 3.1, 3.1.1 and 5 on the platform's side: packets, connections, ports.

`connection` follows a client from CONNECT to its end: it checks the keepalive and chooses the
CONNACK code. Imports `topics`, `ota`, `access`, `core`, `faults` and `state`.
"""
