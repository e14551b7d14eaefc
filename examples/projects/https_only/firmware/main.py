# A meter that reports once an hour over HTTPS and sleeps in between: it has no MQTT session.
import machine

from alink.http_channel import HttpChannel

channel = HttpChannel.from_flash()
channel.connect()  # registers the board at its first start
channel.post_properties({"power": 230})
machine.deepsleep(3600 * 1000)
