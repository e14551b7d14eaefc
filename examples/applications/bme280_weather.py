# A weather station: a BME280 over I2C, in forced mode, with the formulas of its data sheet.
import struct
import time

from machine import I2C, Pin

from alink import Device, TransportError

ADDRESS = 0x76
bus = I2C(0, scl=Pin(22), sda=Pin(21), freq=400000)


def calibration():
    t1, t2, t3 = struct.unpack("<Hhh", bus.readfrom_mem(ADDRESS, 0x88, 6))
    pressure = struct.unpack("<Hhhhhhhhh", bus.readfrom_mem(ADDRESS, 0x8E, 18))
    h1 = bus.readfrom_mem(ADDRESS, 0xA1, 1)[0]
    h2, h3, a, b, c, h6 = struct.unpack("<hBbBbb", bus.readfrom_mem(ADDRESS, 0xE1, 7))
    return (t1, t2, t3), pressure, (h1, h2, h3, a << 4 | b & 15, c << 4 | b >> 4, h6)


def measure():
    bus.writeto_mem(ADDRESS, 0xF2, b"\x01")
    bus.writeto_mem(ADDRESS, 0xF4, b"\x25")
    while bus.readfrom_mem(ADDRESS, 0xF3, 1)[0] & 8:
        time.sleep_ms(1)
    data = bus.readfrom_mem(ADDRESS, 0xF7, 8)
    raw = (data[3] << 16 | data[4] << 8 | data[5]) >> 4
    (t1, t2, t3), p, h = coefficients
    fine = (raw / 16384 - t1 / 1024) * t2 + (raw / 131072 - t1 / 8192) ** 2 * t3
    part = fine / 2 - 64000
    square = part * part * p[5] / 32768 + part * p[4] * 2
    square = square / 4 + p[3] * 65536
    factor = (1 + (p[2] * part * part / 524288 + p[1] * part) / 524288 / 32768) * p[0]
    raw = (data[0] << 16 | data[1] << 8 | data[2]) >> 4
    pascals = (1048576 - raw - square / 4096) * 6250 / factor
    pascals += (p[8] * pascals**2 / 2147483648 + pascals * p[7] / 32768 + p[6]) / 16
    part = fine - 76800
    raw = (data[6] << 8 | data[7]) - (h[3] * 64 + h[4] / 16384 * part)
    humidity = raw * h[1] / 65536 * (1 + h[5] / 67108864 * part * (1 + h[2] / 67108864 * part))
    humidity *= 1 - h[0] * humidity / 524288
    return round(fine / 5120, 1), round(pascals / 100, 1), round(humidity, 1)


if bus.readfrom_mem(ADDRESS, 0xD0, 1) != b"\x60":
    raise RuntimeError("this is not a BME280")
coefficients = calibration()
device = Device.from_flash()
device.connect()
while True:
    temperature, pressure, humidity = measure()
    try:
        device.post_properties(
            {"temperature": temperature, "pressure": pressure, "humidity": humidity}
        )
    except TransportError:
        pass  # Not online, or no longer.
    device.poll(1000)
