# Posts, waits until it is acknowledged, sleeps; with umqtt.robust as its manual shows it.
import time

import machine
from published.robust import MQTTClient

with open("words") as file:
    client_id, host, port, user, password, topic = file.read().split("\n")
with open("ca.der", "rb") as file:
    tls = {"server_hostname": host, "cadata": file.read()}
machine.RTC().datetime((2026, 11, 23, 0, 18, 0, 0, 0))


class Client(MQTTClient):
    def delay(self, i):
        time.sleep(self.DELAY)  # Its own sleeps by the host's clock, not by the board's.


payload = b'{"id":"1","version":"1.0","params":{"temperature":21.5}}'
client = Client(client_id, host, int(port), user, password, 300, True, tls)
client.set_callback(lambda topic, message: None)
client.connect()
while True:
    client.publish(topic, payload, False, 1)
    time.sleep(20)
