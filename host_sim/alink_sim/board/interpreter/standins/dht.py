# `dht` of an ESP32: the sensors DHT11 and DHT22 on one pin.
import _board
from machine import dht_readinto

_board.release(3)


class DHTBase:
    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        dht_readinto(self.pin, self.buf)
        if sum(self.buf[:4]) & 0xFF != self.buf[4]:
            raise Exception("checksum error")


class DHT11(DHTBase):
    def humidity(self):
        return self.buf[0]

    def temperature(self):
        return self.buf[2]


class DHT22(DHTBase):
    def humidity(self):
        return (self.buf[0] << 8 | self.buf[1]) / 10

    def temperature(self):
        value = ((self.buf[2] & 0x7F) << 8 | self.buf[3]) / 10
        return -value if self.buf[2] & 0x80 else value
