"""The platform's signature check against vectors that others computed, and its forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alink_sim.platform.access import auth
from alink_sim.platform.access.auth import Credentials, Kind

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sign.json").read_text("utf-8"))[
    "vectors"
]
METHODS = ("hmacmd5", "hmacsha1", "hmacsha256")
CASES = [
    pytest.param(vector, method, id=f"{vector['name']}, {method}")
    for vector in VECTORS
    for method in METHODS
    if method in vector
]


def credentials(vector: dict[str, Any], method: str, password: str) -> Credentials:
    """Return what a device with a vector's parts sends."""
    parts = vector["parts"]
    own = {name: parts[name] for name in ("random", "timestamp") if name in parts}
    return Credentials(
        kind=Kind.REGISTER if "random" in parts else Kind.LOGIN,
        product_key=parts["productKey"],
        device_name=parts["deviceName"],
        client_id=parts.get("clientId", "unsigned"),
        extension={"signmethod": method, **own},
        password=password,
    )


def is_signed(vector: dict[str, Any], method: str, password: str) -> bool:
    sent = credentials(vector, method, password)
    if sent.is_registration:
        return auth.registration_is_signed(sent, vector["key"])
    return auth.login_is_signed(sent, vector["key"], client_id_optional=True)


def test_vectors_of_both_kinds_name_their_source():
    assert {"random" in vector["parts"] for vector in VECTORS} == {True, False}
    assert all(vector["source"] for vector in VECTORS)


@pytest.mark.parametrize(("vector", "method"), CASES)
def test_vector_is_computed(vector, method):
    assert auth.signature(method, vector["key"], vector["content"]) == vector[method].lower()


@pytest.mark.parametrize(("vector", "method"), CASES)
def test_signature_is_accepted_in_upper_or_lower_hex(vector, method):
    good = vector[method]
    assert is_signed(vector, method, good.lower())
    assert is_signed(vector, method, good.upper())
    assert not is_signed(vector, method, good[:-1])
    assert not is_signed(vector, method, good[:-1] + ("0" if good[-1] != "0" else "1"))
    assert not is_signed(vector, method, "")
    assert not is_signed(vector, method, good[:-1] + "ü")
    assert not is_signed(vector, next(one for one in METHODS if one != method), good)


def test_rfc_4231_case_2():
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert auth.signature("hmacsha256", "Jefe", "what do ya want for nothing?") == expected


@pytest.mark.parametrize(
    ("client_id", "plain", "extension"),
    [
        ("a|b=1,c=2|", "a", {"b": "1", "c": "2"}),
        ("a|b=1,c=2", "a", {"b": "1", "c": "2"}),
        ("a|b=1,|", "a", {"b": "1"}),
        ("a|b=1,,c|", "a", {"b": "1"}),
        ("a| b = 1 ,\n  c=2\n|", "a", {"b": "1", "c": "2"}),
        ("a|b=x|y,c=2|", "a", {"b": "x|y", "c": "2"}),
        ("a|b=x=y|", "a", {"b": "x=y"}),
        ("a", "a", {}),
        ("", "", {}),
    ],
)
def test_client_id_is_parsed(client_id, plain, extension):
    read = auth.read(client_id, "dev&key", "")
    assert (read.client_id, read.extension) == (plain, extension)


@pytest.mark.parametrize(
    ("user", "name", "key"),
    [("dev&key", "dev", "key"), ("dev", "", "dev"), ("&key", "", "key"), ("", "", "")],
)
def test_user_name_is_parsed(user, name, key):
    read = auth.read("a|b=1|", user, "")
    assert (read.device_name, read.product_key) == (name, key)


@pytest.mark.parametrize("name", ["signmethod", "signMethod"])
def test_sign_method_has_two_spellings_and_any_case(name):
    assert auth.read(f"a|{name}=HmacSHA256|", "d&k", "").sign_method == "hmacsha256"


def test_sign_method_is_md5_by_default():
    assert auth.read("a|securemode=2|", "d&k", "").sign_method == "hmacmd5"


def test_password_is_in_no_repr():
    assert "geheim" not in repr(auth.read("a|b=1|", "d&k", "geheim"))
