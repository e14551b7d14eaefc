# umqtt.simple + verified TLS + publish, and nothing else.
import sys
from time import ticks_diff, ticks_ms

from umqtt.simple import MQTTClient

host, port, client_id, user, password, topic = sys.argv[1:7]
with open("ca.der", "rb") as file:
    root = file.read()
client = MQTTClient(
    client_id, host, int(port), user, password, 60, True, {"server_hostname": host, "cadata": root}
)
start = ticks_ms()
client.connect()
took = ticks_diff(ticks_ms(), start)
client.publish(topic, b'{"id":"1","version":"1.0","params":{"temperature":21.5}}')
client.disconnect()
print("DONE", took)
