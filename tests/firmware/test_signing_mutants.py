"""The vectors kill every plausible signing mistake: each is made on purpose and must be seen."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "firmware" / "alink" / "sign.py"
VECTORS = json.loads((ROOT / "tests" / "vectors" / "sign.json").read_text("utf-8"))["vectors"]

# Text of sign.py and the mistake that replaces it.
MUTANTS = {
    "parts in another order": (
        'b"deviceName%sproductKey%srandom%s" % (device_name, product_key, random)',
        'b"productKey%sdeviceName%srandom%s" % (product_key, device_name, random)',
    ),
    "a part is dropped": (
        'b"deviceName%sproductKey%srandom%s" % (device_name, product_key, random)',
        'b"deviceName%sproductKey%s" % (device_name, product_key)',
    ),
    "a separator between the parts": (
        'b"deviceName%sproductKey%srandom%s"',
        'b"deviceName%s&productKey%s&random%s"',
    ),
    "capital letters in a name": (
        'b"deviceName%sproductKey%srandom%s"',
        'b"DeviceName%sProductKey%sRandom%s"',
    ),
    "key and message swapped": (
        "    digest = getattr(",
        "    key, message = message, key\n    digest = getattr(",
    ),
    "a plain hash instead of an HMAC": (
        "    return hexlify(outer.digest())",
        "    return hexlify(digest(key + message).digest())",
    ),
    "a key that is cut": (
        "    pad[: len(key)] = key",
        "    key = key[:15]\n    pad[: len(key)] = key",
    ),
    "a trailing NUL in the message": (
        "    inner.update(message)",
        '    inner.update(message + b"\\0")',
    ),
}


def _load(source: str) -> types.ModuleType:
    module = types.ModuleType("sign_under_test")
    exec(compile(source, str(SOURCE), "exec"), module.__dict__)  # noqa: S102
    return module


def _survives(sign: types.ModuleType) -> bool:
    """Tell whether a sign.py passes every vector of a registration."""
    for vector in VECTORS:
        parts = vector["parts"]
        if set(parts) != {"deviceName", "productKey", "random"}:
            continue
        content = sign.register_content(
            parts["deviceName"].encode(), parts["productKey"].encode(), parts["random"].encode()
        )
        for method in ("hmacmd5", "hmacsha1", "hmacsha256"):
            if method in vector:
                made = sign.hmac(method.encode(), vector["key"].encode(), content)
                if made.decode() != vector[method].lower():
                    return False
    return True


def test_the_true_source_passes() -> None:
    assert "alink" not in sys.modules
    assert _survives(_load(SOURCE.read_text("utf-8")))


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_dies(name: str) -> None:
    true, mistaken = MUTANTS[name]
    source = SOURCE.read_text("utf-8")
    assert source.count(true) == 1, "sign.py no longer reads as this mutant expects"
    assert not _survives(_load(source.replace(true, mistaken)))
