# A meter that reports once an hour over HTTPS and sleeps in between: it has no MQTT session.
import machine

from alink import TransportError
from alink.http_channel import HttpChannel

channel = HttpChannel.from_flash()
try:
    channel.connect()  # Waits for the Wi-Fi; registers the board at its first start.
    channel.post_properties({"power": 230})
except TransportError as error:
    print("meter: not sent, the next try is in an hour:", error)
machine.deepsleep(3600 * 1000)
