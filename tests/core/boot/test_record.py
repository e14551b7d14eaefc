"""record.py: literal bytes both ways, every truncation, damage that names its field."""

from alink.boot import record
from alink.boot.record import decode
from alink.errors import StoreError
from check import raises, vectors

FIELDS = {
    "ProductKey": b"a1B2c3D4e5F",
    "ProductSecret": b"Pr0dSecretAbCdEf",
    "DeviceName": b"esp32-240AC4A1B2C3",
    "Port": b"\xb3\x22",
    "Ca": [b"\x30\x01", b"\x30\x02"],
}


def _bytes(text):
    return bytes([int(text[at : at + 2], 16) for at in range(0, len(text), 2)])


def test_literal_records_round_trip_byte_for_byte():
    for vector in vectors("record")["vectors"]:
        data = _bytes(vector["hex"])
        generation, fields = decode(data, vector["kind"])
        assert generation == vector["generation"], vector["name"]
        expected = {}
        for name in vector["fields"]:
            value = vector["fields"][name]
            many = isinstance(value, list)
            expected[name] = [_bytes(one) for one in value] if many else _bytes(value)
        assert fields == expected, vector["name"]
        if not vector.get("foreign"):
            assert record.encode(vector["kind"], generation, fields) == data, vector["name"]


def test_record_is_padded_to_sixteen_byte_multiples():
    for length in range(1, 33):
        data = record.encode(record.CERTIFICATE, 1, {"ProductKey": b"x" * length})
        assert len(data) % 16 == 0
        assert record.sizeof(data) == len(data)
    assert record.sizeof(b"\xff" * 12) == 0


def test_every_truncation_is_refused():
    data = record.encode(record.CERTIFICATE, 1, FIELDS)
    end = len(data)
    while data[end - 1] == 0xFF:
        end -= 1
    for cut in range(end):
        raises(StoreError, decode, data[:cut], record.CERTIFICATE)
        torn = data[:cut] + b"\xff" * (len(data) - cut)
        raises(StoreError, decode, torn, record.CERTIFICATE)


def test_every_flipped_bit_is_refused():
    data = record.encode(record.CERTIFICATE, 7, FIELDS)
    end = len(data.rstrip(b"\xff"))
    for at in range(end):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            raises(StoreError, decode, bytes(damaged), record.CERTIFICATE)


def test_damage_names_the_field_it_is_in():
    data = bytearray(record.encode(record.CERTIFICATE, 1, FIELDS))
    at = data.find(b"esp32-")
    data[at + 2] = 0
    error = raises(StoreError, decode, bytes(data), record.CERTIFICATE)
    assert "DeviceName is damaged" in str(error), error


def test_damage_in_a_credential_names_its_field():
    credential = {"ProductKey": b"a1", "DeviceName": b"dev-1", "DeviceSecret": b"s3cret"}
    for damaged, said in (
        (b"s3cret", "DeviceSecret is damaged"),
        (b"dev-1", "DeviceName is damaged"),
    ):
        data = bytearray(record.encode(record.CREDENTIAL, 1, credential))
        data[data.find(damaged) + 2] = 0
        assert said in str(raises(StoreError, decode, bytes(data), record.CREDENTIAL))
    # A digit stays a digit: no field can be blamed.
    data = bytearray(record.encode(record.CREDENTIAL, 1, credential))
    data[data.find(b"s3cret") + 1] = 0x34
    error = str(raises(StoreError, decode, bytes(data), record.CREDENTIAL))
    assert "cannot tell which field" in error, error


def test_truncated_record_names_the_cut_field():
    data = record.encode(record.CERTIFICATE, 1, FIELDS)
    at = data.find(b"Pr0d")
    error = raises(StoreError, decode, data[: at + 3], record.CERTIFICATE)
    assert "ProductSecret is cut short" in str(error), error


def test_duplicate_field_is_refused_by_name():
    data = record.encode(record.CERTIFICATE, 1, {"Ca": [b"a", b"b"]})
    twice = bytearray(data[: 12 + 8])
    twice[12] = twice[16] = 1
    import struct
    from binascii import crc32

    twice += struct.pack("<I", crc32(bytes(twice)))
    error = raises(StoreError, decode, bytes(twice), record.CERTIFICATE)
    assert "ProductKey is there twice" in str(error), error


def test_a_credential_is_not_a_certificate():
    data = record.encode(record.CREDENTIAL, 1, FIELDS)
    raises(StoreError, decode, data, record.CERTIFICATE)
