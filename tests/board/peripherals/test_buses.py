"""I2C, SPI, UART, 1-Wire and the ready parts, through the firmware's own classes."""

from __future__ import annotations

from alink_sim.board.peripherals.wiring import Wiring
from alink_sim.board.sensors import (
    Bme280,
    Dht11,
    Dht22,
    Ds18b20,
    RegisterDevice,
    RelayBoard,
    Sht3x,
)
from tests.board.conftest import Bench

MAIN = """
import asyncio, dht, ds18x20, esp32, neopixel, onewire, struct
from machine import I2C, SPI, UART, Pin, SoftI2C, SoftSPI

bus = I2C(0, scl=Pin(22), sda=Pin(21), freq=400000)
print([hex(address) for address in bus.scan()])
bus.writeto(0x44, b"\\x24\\x00")
frame = bus.readfrom(0x44, 6)
print(round(-45 + 175 * (frame[0] << 8 | frame[1]) / 65535, 1), frame[3] << 8 | frame[4])
bus.writeto(0x20, bytearray((0xFA,)))
soft = SoftI2C(scl=Pin(22), sda=Pin(21))
print(soft.scan(), bus)
soft.writeto_mem(0x50, 3, b"\\x12\\x34")
word = bytearray(2)
soft.readfrom_mem_into(0x50, 3, word)
print(word, soft.readfrom_mem(0x50, 4, 2))

card = SPI(2, 1000000, sck=Pin(18), mosi=Pin(23), miso=Pin(19))
select = Pin(5, Pin.OUT, value=1)
print(card.read(2))
select(0)
reply = bytearray(3)
card.write_readinto(b"abc", reply)
print(reply, card.read(2, 0x61), SoftSPI(sck=Pin(14), mosi=Pin(13), miso=Pin(12)).read(1))

port = UART(1, 9600, tx=17, rx=16)
print(port.any(), port.read(4), port.readline(), port.readline(), port.read())
port.write("pong\\r\\n")

async def line():
    return await asyncio.StreamReader(port).readline()

print("asks")
print(asyncio.run(asyncio.wait_for(line(), 60)))

wire = onewire.OneWire(Pin(26))
thermometers = ds18x20.DS18X20(wire)
roms = thermometers.scan()
thermometers.convert_temp()
print([(rom[0], thermometers.read_temp(rom)) for rom in roms])
try:
    onewire.OneWire(Pin(27)).reset(True)
except onewire.OneWireError as error:
    print("no part", type(error).__name__)

cold, warm = dht.DHT22(Pin(32)), dht.DHT11(Pin(33))
cold.measure()
warm.measure()
print(cold.temperature(), cold.humidity(), warm.temperature(), warm.humidity())
strip = neopixel.NeoPixel(Pin(15), 3)
strip.fill((1, 2, 3))
strip[1] = (255, 0, 9)
strip.write()
print(strip[1], len(strip))
esp32.RMT(0, pin=Pin(14), clock_div=8).write_pulses((10, 200, 30), 1)
try:
    dht.DHT22(Pin(4)).measure()
except OSError as error:
    print(error.errno)
"""


class Upper:
    """An SPI device that returns capital letters."""

    def transfer(self, data: bytes) -> bytes:
        return data.upper()


def test_devices_on_buses_respond(bench: Bench):
    board = bench.board(MAIN, heap="112wk")
    relays, memory = RelayBoard(), RegisterDevice({4: 0x0708}, width=2)
    board.i2c(0).attach(0x44, Sht3x(temperature=21.5, humidity=50))
    board.i2c(0).attach(0x76, Bme280())
    board.i2c(scl=22, sda=21).attach(0x20, relays)
    board.i2c(scl=22, sda=21).attach(0x50, memory)
    board.spi(2).attach(Upper(), cs=5)
    board.uart(1).send(b"ping$GP,1\r\nend")
    for part in (Ds18b20(-10.25, serial=9), Ds18b20(85.5, serial=6), Ds18b20(1, serial=1)):
        board.pin(26).attach(part)
    board.pin(32).attach(Dht22(temperature=-7.5, humidity=81.2))
    board.pin(33).attach(Dht11(temperature=19, humidity=40))
    board.power_on()
    board.expect("asks")
    board.uart(1).send(b"$GPGGA\n")
    assert board.wait() == "halted", board.tail()
    assert [line.text for line in board.lines] == [
        "['0x20', '0x44', '0x50', '0x76']",
        "21.5 32768",
        "[32, 80] I2C(0)",
        "bytearray(b'\\x124') b'\\x07\\x08'",
        r"b'\x00\x00'",
        "bytearray(b'ABC') b'AA' b'\\x00'",
        r"14 b'ping' b'$GP,1\r\n' b'end' None",
        "asks",
        r"b'$GPGGA\n'",
        "[(40, 85.5), (40, 1.0), (40, -10.25)]",
        "no part OneWireError",
        "-7.5 81.2 19 40",
        "(255, 0, 9) 3",
        "116",
    ]
    assert relays.on == [0, 2]
    assert memory[3] == 0x1234
    assert board.uart(1).take_sent() == b"pong\r\n"
    assert board.pin(15).pixels == [(1, 2, 3), (255, 0, 9), (1, 2, 3)]
    assert board.pin(14).pulses == [(1, 1), (0, 20), (1, 3)]


def test_uart_device_replies_to_the_firmware():
    class Meter:
        def write(self, data: bytes) -> bytes | None:
            return data.upper() if data != b"quiet" else None

    uart = Wiring("esp32", now=lambda: 0).uart(2)
    uart.write(b"alone")
    uart.attach(Meter())
    uart.write(b"volts?")
    uart.write(b"quiet")
    assert uart.read(99) == b"VOLTS?"
    assert uart.sent == b"alonevolts?quiet"


def test_bme280_measures_what_was_set():
    """Read the raw values with the integer formulas of the data sheet, 4.2.3."""
    sensor = Bme280(temperature=22.08, pressure=987.6, humidity=61.5)
    sensor.write(b"\xf2\x01")
    sensor.write(b"\xf4\x25")
    sensor.write(b"\xf7")
    data = sensor.read(8)
    raw_p, raw_t = (int.from_bytes(data[at : at + 3], "big") >> 4 for at in (0, 3))
    first = (((raw_t >> 3) - (27504 << 1)) * 26435) >> 11
    difference = (raw_t >> 4) - 27504
    fine = first + (((difference * difference >> 12) * -1000) >> 14)
    assert abs((fine * 5 + 128 >> 8) - 2208) <= 1
    part = fine - 128000
    second = part * part * -7 + ((part * 140) << 17) + (2855 << 35)
    factor = (part * part * 3024 >> 8) + ((part * -10685) << 12)
    factor = ((1 << 47) + factor) * 36477 >> 33
    pressure = (((1048576 - raw_p) << 31) - second) * 3125 // factor
    correction = (6000 * (pressure >> 13) * (pressure >> 13) >> 25) + (-14600 * pressure >> 19)
    pressure = ((pressure + correction) >> 8) + (15500 << 4)
    assert abs(pressure / 256 - 98760) < 3
    value = fine - 76800
    raw_h = int.from_bytes(data[6:], "big")
    left = ((raw_h << 14) - (313 << 20) - 50 * value + 16384) >> 15
    right = ((value * 30 >> 10) * ((value * 0 >> 11) + 32768) >> 10) + 2097152
    value = left * ((right * 370 + 8192) >> 14)
    value -= ((value >> 15) * (value >> 15) >> 7) * 75 >> 4
    assert abs((value >> 12) / 1024 - 61.5) < 0.1
