"""The trust anchors are the ones the platform documents: whole, by fingerprint, as DER."""

from __future__ import annotations

import hashlib
import runpy
from pathlib import Path

import pytest
from cryptography import x509

ROOTS = Path(__file__).resolve().parents[2] / "firmware" / "alink" / "roots"

# SHA-256 of the DER, docs/reference/protocol.md, "Endpoints".
FINGERPRINTS = {
    "aliyun": "7ca438a3976b5242d231f861499822da855831382735836b361e7e9715661676",
    "globalsign_r1": "ebd41040e4bb3ec742c9e381d31ef2a41a48b6685c96e7cef3c1df6cd4331c99",
    "globalsign_r3": "cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b",
    "globalsign_r6": "2cabeafe37d06ca22aba7391c0033d25982952c453647349763a3ab5ad6ccf69",
    "globalsign_r46": "4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9",
    "globalsign_e46": "cbb9c44d84b8043e1050ea31a69f514955d7bfd2e2c6b49301019ad61d9f5058",
}


def _der(name: str) -> bytes:
    der = runpy.run_path(str(ROOTS / f"{name}.py"))["DER"]
    assert isinstance(der, bytes)
    return der


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_root_has_its_documented_fingerprint(name: str) -> None:
    assert hashlib.sha256(_der(name)).hexdigest() == FINGERPRINTS[name]


def test_nothing_else_is_trusted() -> None:
    assert {path.stem for path in ROOTS.glob("*.py")} == set(FINGERPRINTS)


def test_the_root_of_port_8883_outlives_the_boards() -> None:
    root = x509.load_der_x509_certificate(_der("aliyun"))
    assert root.not_valid_after_utc.year == 2053
