"""HTTP without sockets: requests that Hypothesis frames, and the responses to them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.reliability.doors import Heard, in_pieces, rounds

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Framing:
    """The form of a body: chunks of these sizes or, without any, a Content-Length."""

    chunks: tuple[int, ...] = ()
    upper: bool = False  # Names of headers.


FRAMINGS = st.builds(
    Framing,
    st.one_of(st.just(()), st.lists(st.integers(1, 50), min_size=1, max_size=3).map(tuple)),
    st.booleans(),
)


@dataclass(frozen=True)
class Response:
    """A response: status, headers by their names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(
    method: str, target: str, headers: Mapping[str, str], body: bytes, framing: Framing
) -> bytes:
    """Return a request with a body that is framed so."""
    sent = {"Host": "h", **headers}
    if framing.chunks:
        sent["Transfer-Encoding"] = "chunked"
        body = _chunked(body, framing.chunks)
    else:
        sent["Content-Length"] = str(len(body))
    head = f"{method} {target} HTTP/1.1\r\n".encode("latin-1")
    for name, value in sent.items():
        spelled = name.encode("latin-1")  # Its upper case is that of ASCII letters.
        head += (spelled.upper() if framing.upper else spelled) + b": "
        head += value.encode("latin-1") + b"\r\n"
    return head + b"\r\n" + body


def _chunked(body: bytes, sizes: Sequence[int]) -> bytes:
    sent, at = b"", 0
    while body:
        size = sizes[at % len(sizes)]
        sent += b"%x\r\n%b\r\n" % (len(body[:size]), body[:size])
        body, at = body[size:], at + 1
    return sent + b"0\r\n\r\n"


async def exchange(
    connection: asyncio.Protocol,
    data: bytes,
    sizes: Sequence[int],
    *,
    expected: int,
    has_body: bool = True,
) -> list[Response]:
    """Send requests in pieces on a new connection; return the responses, as many as expected.

    Raises AssertionError if the server ends the connection before, TimeoutError if it is silent.
    """
    transport = Heard()
    connection.connection_made(transport)
    in_pieces(connection, data, sizes)
    got = b""
    while len(found := responses(got, has_body=has_body)) < expected:
        part = await transport.more()
        assert part, f"{len(found)} of {expected} responses: {got!r}"
        got += part
    await _leave(connection)
    return found


async def pester(
    connection: asyncio.Protocol, data: bytes, sizes: Sequence[int], *, has_body: bool
) -> list[Response]:
    """Send bytes that may be no request, and leave; return the responses to them."""
    transport = Heard()
    connection.connection_made(transport)
    in_pieces(connection, data, sizes)
    await rounds()
    got = transport.taken()
    await _leave(connection)
    return responses(got, has_body=has_body)


async def _leave(connection: asyncio.Protocol) -> None:
    connection.connection_lost(None)
    await rounds()


def responses(got: bytes, *, has_body: bool = True) -> list[Response]:
    """Return the whole responses at the beginning of bytes; those to HEAD have no body."""
    found = []
    while got:
        head, end, rest = got.partition(b"\r\n\r\n")
        if not end:
            break
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        assert version in ("HTTP/1.0", "HTTP/1.1"), first
        headers = {}
        for line in lines:
            name, colon, value = line.partition(": ")
            assert colon, line
            headers[name.lower()] = value
        size = int(headers.get("content-length", "0")) if has_body and status != "100" else 0
        if len(rest) < size:
            break
        if status != "100":
            found.append(Response(int(status), headers, rest[:size]))
        got = rest[size:]
    return found
