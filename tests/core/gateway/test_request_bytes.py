"""Every request of a gateway about its sub-devices, byte for byte, signed as the vectors say."""

import json
from time import ticks_ms

from alink.gateway import Gateway, request_bytes, roster
from alink.gateway.requests import Requests
from alink.sign import hmac, register_content
from check import vectors
from gatewayfake import Gateway as Fake
from online import BASE, Device

KEY, NAME = b"a1SubPk0001", b"sub-0001"
SECRET = b"fedcba9876543210fedcba9876543210"
SUB = (KEY, NAME, SECRET)
OTHER = (KEY, b"sub_2", SECRET)
NAMES = b'"productKey":"a1SubPk0001","deviceName":"sub-0001"'
BATCH = [9]
MAX_PACKET = [4096]
SYS = b"/sys/a1GatewayPk/gateway-1/"
SESSION = b"/ext/session/a1GatewayPk/gateway-1/"
MANY = [(KEY, b"sub-%04d" % number, SECRET) for number in range(50)]
OTHERS = b'"productKey":"a1SubPk0001","deviceName":"sub_2"'


def _asked(stage, subs, products=()):
    gateway = Fake(stage, subs, BATCH[0], products)
    gateway.max_packet = MAX_PACKET[0]
    gateway._link.identity["Timestamp"] = VECTOR["parts"]["timestamp"].encode()
    requests = Requests(gateway)
    requests.number = 0
    requests.step(ticks_ms())
    return gateway.sent[0]


def _vector(name):
    for vector in vectors("sign")["vectors"]:
        if vector["name"] == name:
            return vector
    raise AssertionError("no vector %s" % name)


VECTOR = _vector("sub-device, topo add and login")
SIGNED = (
    b',"clientId":"a1SubPk0001.sub-0001","timestamp":"1700000000000","sign":"%s",'
    % VECTOR["hmacsha256"].lower().encode()
)

OTHERS_SIGNED = (  # The HMAC by Python's own module, as that of the vector.
    b',"clientId":"a1SubPk0001.sub_2","timestamp":"1700000000000","sign":'
    b'"4f9d5e6c62e6c0ced8d0d16d35ade403cab2a51f72fe05477c88c939e74055b9",'
)


def test_a_registration_by_name():
    assert _asked(roster.NAMED, [SUB, OTHER]) == (
        SYS + b"thing/sub/register",
        b'{"id":"1","version":"1.0","params":[{%s},{%s}],"method":"thing.sub.register"}'
        % (NAMES, OTHERS),
    )


def test_a_registration_signed_with_the_product_secret():
    vector = _vector("sub-device registered with its ProductSecret")
    secret, random = vector["key"].encode(), vector["parts"]["random"].encode()
    signature = vector["hmacsha256"].lower().encode()
    method = b"thing.proxy.provisioning.product_register"
    head, tail = b'{"proxieds":[', b"]}"
    assert request_bytes.request(
        1, [SUB], method, head, tail, "proxied", ({KEY: secret}, random)
    ) == (
        b'{"id":"1","version":"1.0","params":{"proxieds":[{%s,"random":"%s","signMethod":'
        b'"hmacSha256","sign":"%s"}]},"method":"%s"}' % (NAMES, random, signature, method)
    )
    topic, payload = _asked(roster.NAMED, [SUB], {KEY: secret})
    assert topic == SYS + b"thing/proxy/provisioning/product_register"
    one = json.loads(payload)["params"]["proxieds"][0]
    content = register_content(NAME, KEY, one["random"].encode())
    assert one["sign"].encode() == hmac(b"hmacsha256", secret, content)
    assert len(one["random"]) == 16
    assert (
        one["random"]
        != json.loads(_asked(roster.NAMED, [SUB], {KEY: secret})[1])["params"]["proxieds"][0][
            "random"
        ]
    )


def test_product_without_secret_skips_signed_registration():
    other = (b"a1Other", b"sub-0001", b"")
    _, payload = _asked(roster.NAMED, [SUB, other, OTHER], {KEY: b"secret"})
    names = [one["deviceName"] for one in json.loads(payload)["params"]["proxieds"]]
    assert names == ["sub-0001", "sub_2"]


def test_registration_batch_fits_in_the_reply():
    assert len(json.loads(_asked(roster.NAMED, MANY[:9])[1])["params"]) == 9
    BATCH[0] = 50
    for most, count in ((4096, 20), (2048, 10), (6000, 30), (8192, 30)):
        MAX_PACKET[0] = most
        assert len(json.loads(_asked(roster.NAMED, MANY)[1])["params"]) == count
    assert len(json.loads(_asked(roster.REGISTERED, MANY)[1])["params"]) == 50
    BATCH[0] = 9
    MAX_PACKET[0] = 4096


def test_topology_requests_match_literal_bytes():
    assert _asked(roster.REGISTERED, [SUB]) == (
        SYS + b"thing/topo/add",
        b'{"id":"1","version":"1.0","params":[{%s%s"signmethod":"hmacSha256"}],'
        b'"method":"thing.topo.add"}' % (NAMES, SIGNED),
    )
    assert _asked(roster.LEAVING, [SUB, OTHER]) == (
        SYS + b"thing/topo/delete",
        b'{"id":"1","version":"1.0","params":[{%s},{%s}],"method":"thing.topo.delete"}'
        % (NAMES, OTHERS),
    )


def test_a_login_alone_and_in_a_batch():
    assert _asked(roster.RELATED, [SUB]) == (
        SESSION + b"combine/login",
        b'{"id":"1","params":{%s%s"signMethod":"hmacSha256","cleanSession":"true"}}'
        % (NAMES, SIGNED),
    )
    assert _asked(roster.RELATED, [SUB, OTHER]) == (
        SESSION + b"combine/batch_login",
        b'{"id":"1","params":{"signMethod":"hmacSha256","deviceList":['
        b'{%s%s"cleanSession":"true"},{%s%s"cleanSession":"true"}]}}'
        % (NAMES, SIGNED, OTHERS, OTHERS_SIGNED),
    )


def test_a_logout_alone_and_in_a_batch():
    assert _asked(roster.ONLINE, [SUB]) == (
        SESSION + b"combine/logout",
        b'{"id":"1","params":{%s}}' % NAMES,
    )
    assert _asked(roster.ONLINE, [SUB, OTHER]) == (
        SESSION + b"combine/batch_logout",
        b'{"id":"1","params":[{%s},{%s}]}' % (NAMES, OTHERS),
    )


def test_found_list_and_topology_query_match_literal_bytes():
    device = Device()
    Gateway.found(device, [("a1SubPk0001", "sub-0001"), ("a1SubPk0001", "sub_2")])
    whole = b'{"id":"%d","version":"1.0","sys":{"ack":1},"params":%s,"method":"%s"}'
    pairs = b"[{%s},{%s}]" % (NAMES, OTHERS)
    assert device.sent(BASE + "list/found", whole % (1, pairs, b"thing.list.found"))
    Gateway.topology(device, None)
    assert device.sent(BASE + "topo/get", whole % (2, b"{}", b"thing.topo.get"))
