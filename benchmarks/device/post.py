# Posts COUNT messages of 83 bytes at QOS and prints the milliseconds: by umqtt.simple, or the SDK.
import sys
from time import ticks_diff, ticks_ms

who, count, qos, host, port, client_id, user, password, topic = sys.argv[1:10]
count, qos = int(count), int(qos)
payload = b'{"id":"1","version":"1.0","params":{"t":21.5},"method":"thing.event.property.post"}'
assert len(payload) == 83

if who == "umqtt":
    from umqtt.simple import MQTTClient

    with open("ca.der", "rb") as file:
        root = file.read()
    tls = {"server_hostname": host, "cadata": root}
    client = MQTTClient(client_id, host, int(port), user, password, 60, True, tls)
    client.set_callback(lambda topic, message: None)
    client.connect()
    start = ticks_ms()
    for _ in range(count):
        client.publish(topic, payload, False, qos)
    took = ticks_diff(ticks_ms(), start)
    client.disconnect()
else:
    from alink import Device

    device = Device.from_flash(log=None, port=int(port))
    device.on_reply = lambda number, code, text: None
    device.connect()
    acknowledged = []
    start = ticks_ms()
    for number in range(count):
        device._link.publish(topic.encode(), payload, qos, acknowledged.append)
        if number % 50 == 49:
            device.poll(0)
        while qos and number - len(acknowledged) > 90:  # Slower than us: not more in flight.
            device.poll(1)
    while qos and len(acknowledged) < count:
        device.poll(1)
    took = ticks_diff(ticks_ms(), start)
    device.close()
print("DONE", took)
