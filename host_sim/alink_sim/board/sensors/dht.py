"""DHT11 and DHT22: temperature and humidity on one pin."""

from __future__ import annotations


class Dht22:
    """The sensor. Set `temperature` (°C) and `humidity` (%); both have one decimal."""

    def __init__(self, *, temperature: float = 25.0, humidity: float = 50.0) -> None:
        """Begin with these values."""
        self.temperature = temperature
        self.humidity = humidity

    def dht_frame(self) -> bytes:
        """Return the five bytes of a measurement."""
        sign = 0x8000 if self.temperature < 0 else 0
        words = round(self.humidity * 10), round(abs(self.temperature) * 10) | sign
        return _with_sum(b"".join(word.to_bytes(2, "big") for word in words))


class Dht11(Dht22):
    """The sensor with whole degrees and percents."""

    def dht_frame(self) -> bytes:
        """Return the five bytes of a measurement."""
        return _with_sum(bytes((round(self.humidity), 0, round(self.temperature), 0)))


def _with_sum(data: bytes) -> bytes:
    return data + bytes((sum(data) & 0xFF,))
