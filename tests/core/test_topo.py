"""topo.py: every body that a gateway sends about its sub-devices, byte for byte."""

import json

from alink import topo
from check import vectors

KEY, NAME = b"a1SubPk0001", b"sub-0001"
SECRET = b"fedcba9876543210fedcba9876543210"
SUB = (KEY, NAME, SECRET)
OTHER = (KEY, b"sub_2", SECRET)


def test_params_that_only_name():
    assert topo.pair(SUB) == b'{"productKey":"a1SubPk0001","deviceName":"sub-0001"}'
    assert topo.pairs([SUB, OTHER]) == (
        b'[{"productKey":"a1SubPk0001","deviceName":"sub-0001"},'
        b'{"productKey":"a1SubPk0001","deviceName":"sub_2"}]'
    )


def test_requests_of_both_families():
    assert topo.request(7, topo.pairs([SUB]), "thing.sub.register") == (
        b'{"id":"7","version":"1.0","params":[{"productKey":"a1SubPk0001","deviceName":"sub-0001"}'
        b'],"method":"thing.sub.register"}'
    )
    assert topo.request(8, topo.pair(SUB)) == (
        b'{"id":"8","params":{"productKey":"a1SubPk0001","deviceName":"sub-0001"}}'
    )


def _vector(name):
    for vector in vectors("sign")["vectors"]:
        if vector["name"] == name:
            return vector
    raise AssertionError("no vector %s" % name)


def test_a_login_and_a_topology_request_are_signed_alike():
    vector = _vector("sub-device, topo add and login")
    topo._TIMESTAMP = vector["parts"]["timestamp"].encode()  # Its own lies in 2050.
    assert vector["key"].encode() == SECRET
    sign = vector["hmacsha256"].lower().encode()
    head = (
        b'{"productKey":"a1SubPk0001","deviceName":"sub-0001","clientId":"a1SubPk0001.sub-0001",'
        b'"timestamp":"1700000000000","sign":"%s",' % sign
    )
    assert topo.related([SUB]) == b"[" + head + b'"signmethod":"hmacSha256"}]'
    assert topo.login(SUB) == head + b'"signMethod":"hmacSha256","cleanSession":"true"}'
    whole = topo.batch_login([SUB, OTHER])
    assert whole.startswith(
        b'{"signMethod":"hmacSha256","deviceList":[' + head + b'"cleanSession":"true"},'
    )
    assert len(json.loads(whole)["deviceList"]) == 2


def test_a_registration_is_signed_with_the_product_secret():
    vector = _vector("sub-device registered with its ProductSecret")
    assert vector["parts"]["deviceName"] == "sub-0001"
    sub = (KEY, NAME, vector["key"].encode())
    assert topo.proxied([sub], vector["parts"]["random"].encode()) == (
        b'{"proxieds":[{"productKey":"a1SubPk0001","deviceName":"sub-0001","random":"%s",'
        b'"signMethod":"hmacSha256","sign":"%s"}]}'
        % (vector["parts"]["random"].encode(), vector["hmacsha256"].lower().encode())
    )
