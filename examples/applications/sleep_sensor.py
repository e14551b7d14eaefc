# A sensor on a battery: measure, post, sleep. The RTC memory counts the wakes.
import machine
from machine import ADC, Pin

from alink import Device, TransportError

rtc = machine.RTC()
wakes = (rtc.memory() or b"\0")[0] + 1
rtc.memory(bytes((wakes & 0xFF,)))
battery = ADC(Pin(35))
battery.atten(ADC.ATTN_11DB)
device = Device.from_flash()
device.connect()
volts = round(battery.read_uv() * 2 / 1000000, 2)
try:
    device.post_properties(
        {"volts": volts, "wakes": wakes, "timer": int(machine.wake_reason() == machine.TIMER_WAKE)}
    )
except TransportError:
    pass  # Not online, or no longer.
device.sleep(600000)
