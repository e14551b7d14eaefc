"""request.py: whole responses in chunks of any size, and every malformed response."""

import fakes
from alink.errors import ProtocolError, TransportError
from alink.https import request, url
from check import raises

URL = "https://files.example:8443/a/b?c=1"


def fetch(answer, most=1000, chunk=None):
    connection = fakes.Connection(answer, chunk)
    dialled = []

    def dial(endpoint, tls, feed):
        dialled.append(endpoint)
        return connection

    got = []
    try:
        with fakes.Steps(dial=dial):
            for _ in request.get(URL, None, None, most, lambda part: got.append(bytes(part))):
                pass
    finally:
        assert connection.closed
    assert dialled == [("files.example", 8443)]
    assert connection.sent == [b"GET /a/b?c=1 HTTP/1.0\r\nHost: files.example\r\n\r\n"]
    return b"".join(got)


def answer(body, head=b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nX: y\r\n\r\n"):
    return head % len(body) + body


def test_body_is_whole_for_any_chunk_size():
    body = bytes(range(256)) * 3
    for chunk in (None, 1, 7, 600):
        assert fetch(answer(body), 768, chunk) == body
    assert fetch(answer(b"")) == b""


def test_bytes_after_the_body_are_ignored():
    assert fetch(answer(b"abc", b"HTTP/1.0 200 \r\nContent-Length:%d\r\n\r\n") + b"more") == b"abc"


def test_malformed_response_error_quotes_the_response():
    for wrong, said in (
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "answers b'HTTP/1.1 404 Not Found'"),
        (b"SSH-2.0-x\r\n\r\n", "answers b'SSH-2.0-x'"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", "does not say how long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc", "does not say how long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", "does not say how long"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, "too long a head"),
        (answer(bytes(1001)), "sends 1001 bytes, 1000 is the most"),
    ):
        error = raises(ProtocolError, fetch, wrong)
        assert said in str(error), str(error)


def test_silent_server_times_out_after_ten_seconds():
    assert "silent for 10 s" in str(raises(TransportError, fetch, answer(b"abc")[:-1]))


def test_hostile_url_is_a_protocol_error():
    for hostile in (
        None,
        5,
        ["https://a.b/"],
        b"https://a.b/",
        "",
        "https://",
        "https:///path",
        "https://a.b:port/",
        "https://a.b:0/",
        "https://a.b:65536/",
        "https://a.b/c\r\nX: y",
        "https://a.b\n/c",
        "https://a.b/c d",
        "https://a.b/\x00",
        "https://a.b/\u00e9",
    ):
        raises(ProtocolError, url.split, hostile)


def test_urls_are_https_with_or_without_a_port():
    assert url.split("https://a.b/c/d") == (("a.b", 443), "/c/d")
    assert url.split("https://a.b:8443") == (("a.b", 8443), "/")
    assert "does not begin with https://" in str(raises(ProtocolError, url.split, "http://a.b/c"))
