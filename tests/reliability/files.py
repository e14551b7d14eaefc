"""A machine of the port of update files beside MQTT sessions, by Hypothesis.

A model holds the files of the bucket: each upload is taken or refused as OSS does it, and each
download returns the bytes that its URL and its Range ask for, or is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import urlsplit

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from alink_sim.platform.ota import uploads
from alink_sim.platform.state.ota_bucket import moment
from tests.reliability.doors import Doors
from tests.reliability.http_exchange import (
    FRAMINGS,
    Framing,
    Response,
    exchange,
    pester,
    request,
)
from tests.reliability.sessions import SessionMachine

PORT = 2  # Among the HTTP ports of a platform.
BOUNDARY = "the-boundary"
_HOUR = 3600

# The wrong field of a form, and the refusal.
_FORMS = {
    "": "",
    "OSSAccessKeyId": "InvalidAccessKeyId",
    "Signature": "SignatureDoesNotMatch",
    "policy": "SignatureDoesNotMatch",
    "key": "AccessDenied",
    "late": "AccessDenied",
    "file": "InvalidArgument",
}
# The wrong part of a URL, and the refusal.
_URLS = {
    "": "",
    "OSSAccessKeyId": "AccessDenied",
    "Signature": "SignatureDoesNotMatch",
    "Expires": "SignatureDoesNotMatch",
    "late": "AccessDenied",
    "method": "SignatureDoesNotMatch",
    "path": "NoSuchKey",
}
_NUMBERS = st.one_of(st.integers(0, 9), st.integers(0, 9), st.integers(0, 10**25))
# First and last byte of a Range; a missing first counts from the end.
_RANGES = st.one_of(
    st.none(),
    st.tuples(_NUMBERS, _NUMBERS),
    st.tuples(_NUMBERS, st.none()),
    st.tuples(st.none(), _NUMBERS),
    st.sampled_from(("bytes=-", "bytes=", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "0-1")),
)
_PART_HEADERS = st.dictionaries(
    st.sampled_from(
        ("Content-Disposition", "Content-Type", "Content-Encoding", "Content-Length", "X")
    ),
    st.one_of(
        st.sampled_from(
            (
                'form-data; name="file"; filename="f"',
                'form-data; name="key"',
                'form-data; name="policy"',
                "form-data",
                "multipart/mixed; boundary=c",
                "base64",
                "gzip",
                "-1",
                "9" * 5000,
            )
        ),
        st.text(st.characters(max_codepoint=255), max_size=20),
    ),
    max_size=3,
)
_PARTS = st.lists(st.tuples(_PART_HEADERS, st.binary(max_size=60)), max_size=4)


class FilesMachine(SessionMachine):
    """Uploads and downloads of update files, beside the session of a device."""

    _versions: ClassVar = itertools.count(1)

    def __init__(self, doors: Doors, count: Callable[[], None]) -> None:
        super().__init__(doors, count)
        self.bucket: dict[str, bytes] = {}

    @rule(
        data=st.one_of(st.just(b""), st.binary(min_size=8, max_size=200)),
        wrong=st.sampled_from(("",) * 4 + tuple(_FORMS)),
        status=st.sampled_from(("", "200", "201", "204", "999", "\u0663")),
        framing=FRAMINGS,
    )
    def upload(self, data: bytes, wrong: str, status: str, framing: Framing) -> None:
        """Put a file into the bucket with the form that a signed policy allows."""
        form = self._ticket(is_late=wrong == "late")
        key = form["key"]
        if wrong in form:
            form[wrong] = "another"
        if status:
            form["success_action_status"] = status
        parts = [({"Content-Disposition": f'form-data; name="{n}"'}, v) for n, v in form.items()]
        sent = b"".join(_part(headers, text.encode()) for headers, text in parts)
        if wrong != "file":
            named = {"Content-Disposition": 'form-data; name="file"; filename="f"'}
            sent += _part(named, data)
        response = self._exchange("POST", "/", sent + _END, framing)
        if wrong:
            _check_refusal(response, _FORMS[wrong])
        else:
            assert response.status == (int(status) if status in ("200", "201", "204") else 204)
            self.bucket[key] = data

    @rule(data=st.binary(min_size=8, max_size=200))
    def publish_package(self, data: bytes) -> None:
        """Make a package of a file."""
        version = f"v{next(self._versions)}"
        job = self.platform.ota.publish("subs", version, data, devices=["sub-1"])
        (file,) = self.platform.ota.firmware(job.id).files
        self.bucket[file.key] = data

    @rule(
        which=st.integers(0, 1000),
        wrong=st.sampled_from(("",) * 9 + tuple(_URLS)),
        span=_RANGES,
        framing=FRAMINGS,
    )
    @precondition(lambda self: self.bucket)
    def download(
        self,
        which: int,
        wrong: str,
        span: tuple[int | None, int | None] | str | None,
        framing: Framing,
    ) -> None:
        """Fetch a file, or a part of it, with a signed URL, as a device does."""
        path = sorted(self.bucket)[which % len(self.bucket)]
        target = self._target(f"{path}x" if wrong == "path" else path, is_late=wrong == "late")
        if f"{wrong}=" in target and wrong:
            target = target.replace(f"{wrong}=", f"{wrong}=9")
        headers = {"Range": _range(span)} if span else {}
        method = "HEAD" if wrong == "method" else "GET"
        response = self._exchange(method, target, b"", framing, headers)
        if wrong:
            _check_refusal(response, _URLS[wrong], has_body=method == "GET")
            return
        data = self.bucket[path]
        if (part := _part_of(span, len(data))) is None:
            assert (response.status, response.body) == (200, data)
            return
        first, last = part
        assert (response.status, response.body) == (206, data[first : last + 1])
        assert response.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"

    @rule(
        parts=_PARTS,
        end=st.sampled_from((b"--the-boundary--\r\n", b"--the-boundary", b"\r\n", b"")),
        boundary=st.sampled_from((BOUNDARY, '""', "b", "", f"{BOUNDARY}; charset=nonsense")),
        framing=FRAMINGS,
    )
    def send_form(
        self,
        parts: list[tuple[dict[str, str], bytes]],
        end: bytes,
        boundary: str,
        framing: Framing,
    ) -> None:
        """Send a form that nothing allows: the response is a refusal."""
        body = b"".join(_part(headers, content) for headers, content in parts) + end
        kind = f"multipart/form-data; boundary={boundary}"
        data = request("POST", "/", {"Content-Type": kind}, body, framing)
        self.counted()
        found = self.platform._runner.run(
            pester(self.doors.served(PORT), data, self.pieces, has_body=True)
        )
        for response in found:
            assert response.status in (400, 403, 413), response

    def _ticket(self, *, is_late: bool) -> dict[str, str]:
        core = self.platform._core

        async def ticket() -> dict[str, str]:
            form = uploads.ticket(core, "bin")
            if is_late:
                until = moment(core.clock.time() - _HOUR)
                form["policy"] = core.bucket.policy(form["key"], until=until)
                form["Signature"] = core.bucket.sign(form["policy"])
            return form

        return self.platform._runner.run(ticket())

    def _target(self, path: str, *, is_late: bool) -> str:
        core = self.platform._core
        until = int(core.clock.time()) + (-_HOUR if is_late else _HOUR)

        async def url() -> str:
            return core.bucket.url(path, "", until=until)

        parts = urlsplit(self.platform._runner.run(url()))
        return f"{parts.path}?{parts.query}"

    def _exchange(
        self,
        method: str,
        target: str,
        body: bytes,
        framing: Framing,
        headers: dict[str, str] | None = None,
    ) -> Response:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if body else {}
        sent = request(method, target, {**kind, **(headers or {})}, body, framing)
        self.counted()
        (found,) = self.platform._runner.run(
            exchange(
                self.doors.served(PORT),
                sent,
                self.pieces,
                expected=1,
                has_body=method != "HEAD",
            )
        )
        return found


_END = f"--{BOUNDARY}--\r\n".encode()


def _part(headers: dict[str, str], content: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"--{BOUNDARY}\r\n{lines}\r\n".encode("latin-1") + content + b"\r\n"


def _check_refusal(response: Response, code: str, *, has_body: bool = True) -> None:
    status = {"NoSuchKey": 404, "InvalidArgument": 400}.get(code, 403)
    assert response.status == status, response
    if has_body:
        assert f"<Code>{code}</Code>".encode() in response.body, response


def _range(span: tuple[int | None, int | None] | str) -> str:
    if isinstance(span, str):
        return span
    first, last = ("" if one is None else one for one in span)
    return f"bytes={first}-{last}"


def _part_of(
    span: tuple[int | None, int | None] | str | None, size: int
) -> tuple[int, int] | None:
    """Return first and last byte that a Range asks for; None is the whole file."""
    if span == "bytes=0-1,4-5":
        span = 0, 1  # Only the first of several counts.
    if span is None or isinstance(span, str):
        return None
    first, last = span
    if first is None:
        assert last is not None
        first, last = size - last, size - 1
    elif last is None:
        last = size - 1
    return (first, last) if 0 <= first <= last < size else None
