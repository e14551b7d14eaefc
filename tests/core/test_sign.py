"""sign.py against vectors computed by others (tests/vectors/sign.json names each source)."""

from alink import sign
from check import vectors


def test_every_vector_is_signed_as_its_source_says():
    for vector in vectors("sign")["vectors"]:
        for method in ("hmacmd5", "hmacsha1", "hmacsha256"):
            expected = vector.get(method)
            if expected:
                got = sign.hmac(
                    method.encode(), vector["key"].encode(), vector["content"].encode()
                )
                assert got.decode() == expected.lower(), (vector["name"], method)


def test_key_longer_than_block_is_hashed_first():
    # RFC 4231, test case 6.
    got = sign.hmac(
        b"hmacsha256", b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First"
    )
    assert got == b"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


def test_register_content_has_the_protocol_order():
    content = sign.register_content(b"esp32-240AC4A1B2C3", b"a1B2c3D4e5F", b"567345")
    assert content == b"deviceNameesp32-240AC4A1B2C3productKeya1B2c3D4e5Frandom567345"


def test_login_content_has_the_protocol_order():
    content = sign.login_content(b"12345", b"device", b"pk", b"789")
    assert content == b"clientId12345deviceNamedeviceproductKeypktimestamp789"
