"""Valid messages of a platform, for each door of a device (tests/firmware/upy/device_doors.py)."""

from __future__ import annotations

from tests.platform.wire import packet, publish

_KEY, _NAME = "a1B2c3D4e5F", "dev-1"
_SYS = f"/sys/{_KEY}/{_NAME}/thing"
_ACCEPTED = b"\x20\x02\x00\x00"

# fmt: off
_BODIES = [
    b'{"id":"@ID","code":200,"data":{},"message":"success","version":"1.0"}',
    b'{"id":"@ID","code":6106,"data":{"desired":{"a":{"value":1,"version":2}}},"message":"m"}',
    b'{"id":"@ID","code":200,"data":[{"productKey":"subs","deviceName":"sub-1"}],"message":""}',
    b'{"id":"@ID","code":200,"data":{"content":{"mode":1}}}',
    b'{"method":"thing.service.property.set","id":"1","params":{"a":1},"version":"1.0"}',
    b'{"method":"thing.service.s","id":"1","params":{"in":[1,2.5,"x",null,true]},"version":"1.0"}',
    b'{"method":"reply","payload":{"status":"success","state":{"desired":{"a":1}}},"version":3}',
    b'{"method":"reply","payload":{"status":"error","content":{"errorcode":"409"}},"version":3}',
    b'{"id":"2","params":{"configId":"c","url":"https://h/f","sign":"00","signMethod":"Sha256"}}',
    b'{"deviceSendTime":"1","serverRecvTime":"1795456800000","serverSendTime":"1795456800001"}',
    b'{"code":"1000","data":{"size":9,"version":"2","url":"https://h/f","signMethod":"Md5"},"id":1}',
    b'{"id":"@ID","code":200,"data":[{"deviceSecret":"s","productKey":"subs","deviceName":"n"}]}',
    b'{"id":"3","params":{"productKey":"subs","deviceName":"sub-1"}}',
    b'{"code":427,"message":"kicked","data":{"productKey":"subs","deviceName":"sub-1"}}',
    b'{"productKey":"a1B2c3D4e5F","deviceName":"dev-1","clientId":"c","deviceToken":"t"}',
    b'{"code":200,"data":{"deviceSecret":"0123456789abcdef"},"message":"success"}',
    b'{"code":0,"message":"success","info":{"token":"t","messageId":1}}',
    b"",
]
_PACKETS = [
    *(publish(f"{_SYS}/service/property/set", body, qos=number % 2, packet_id=number + 1)
      for number, body in enumerate(_BODIES)),
    publish("/ext/rrpc/1/x", b"{}") + publish(f"/{_KEY}/{_NAME}/user/a", b"x" * 300, qos=1),
    b"\xd0\0" + packet(0x40, b"\0\1") + packet(0x90, b"\0\1\1\x80"),
    publish("t", b"x" * 5000),  # Longer than `max_packet`.
]
_HTTP = [
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body) for body in _BODIES
] + [
    b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nabcde",
    b"HTTP/1.1 302 Found\r\nLocation: https://h/\r\n\r\n",
    *_BODIES[-5:],
]

SEEDS: dict[str, list[bytes]] = {
    "log_in": [_ACCEPTED, b"\x20\x02\x00\x04", *(_ACCEPTED + one for one in _PACKETS)],
    "stream": _PACKETS,
    "message": _BODIES,
    "register": [_ACCEPTED + publish("/ext/regnwl", _BODIES[-4]), _BODIES[-4], b"\x20\x02\0\5"],
    "https": _HTTP,
    "time": [
        b"Sun, 06 Nov 2026 08:49:37 GMT\r\n\r\n",
        b"\x24\x01\0\xec" + bytes(20) + b"cookie00" + bytes.fromhex("ee7a5a0000000000") * 2,
    ],
}
# fmt: on
