"""file_upload.py: blocks and their replies, a lost session, a damaged block, refusals."""

import io
import json

from alink.errors import RefusedError, TransportError
from alink.file_upload import upload
from online import BASE, Device

INIT, SEND = BASE + "file/upload/mqtt/init", BASE + "file/upload/mqtt/send"
CONTENT = bytes(range(256)) * 3


class World:
    def __init__(self, **options):
        self.device = Device()
        self.ended = False
        self.run = self.begin(**options)
        next(self.run)

    def begin(self, **options):
        yield from upload(self.device, "log.txt", io.BytesIO(CONTENT), 768, 512, **options)
        self.ended = True

    def turn(self, times=1):
        for _ in range(times):
            next(self.run, None)

    def sent(self):
        return self.device._link.sent[-1]

    def opened(self, **more):
        topic, payload, _ = self.sent()
        assert topic == INIT
        body = json.loads(payload)
        self.reply(INIT, body["id"], 200, dict(fileName="log.txt", uploadId="u1", **more))
        self.turn()
        return body["params"]

    def block(self):
        topic, payload, _ = self.sent()
        assert topic == SEND
        end = 2 + int.from_bytes(payload[:2], "big")
        return json.loads(payload[2:end]), payload[end:-2]

    def reply(self, topic, number, code, data):
        body = {"id": number, "code": code, "data": data, "message": "text"}
        self.device.hear(topic + "_reply", body)

    def taken(self, code=200, **more):
        head, data = self.block()
        self.reply(SEND, head["id"], code, dict(head["params"], **more))
        self.turn()
        return data


def test_blocks_follow_their_replies():
    world = World()
    params = world.opened()
    assert (params["fileName"], params["fileSize"]) == ("log.txt", 768)
    assert params["conflictStrategy"] == "overwrite"
    assert world.taken() == CONTENT[:512]
    head, _ = world.block()
    assert head["params"] == {"uploadId": "u1", "offset": 512, "bSize": 256}
    assert world.taken(complete=True) == CONTENT[512:]
    assert world.ended
    assert world.device._routes == {} or SEND.encode() + b"_reply" not in world.device._routes


def test_new_session_goes_on_with_the_upload():
    world = World()
    first = world.opened()
    world.taken()
    world.device._link.online = False
    world.turn(2)
    world.device.begin_session()
    world.turn()
    params = world.opened(offset=512)
    assert params["initUid"] == first["initUid"]
    assert params["conflictStrategy"] == "append"
    assert world.taken(complete=True) == CONTENT[512:]
    assert world.ended


def test_damaged_and_repeated_blocks_are_mended():
    world = World()
    world.opened()
    assert world.taken(78121) == CONTENT[:512]
    assert world.taken(78126) == CONTENT[:512]
    assert world.taken(78124) == CONTENT[512:]
    assert world.ended


def test_refusal_carries_the_code():
    world = World(overwrite=False)
    _, payload, _ = world.sent()
    assert json.loads(payload)["params"]["conflictStrategy"] == "reject"
    world.reply(INIT, json.loads(payload)["id"], 78123, {"fileName": "log.txt"})
    try:
        world.turn()
        raise AssertionError("not refused")
    except RefusedError as error:
        assert error.code == 78123


def test_missing_replies_end_after_five_tries():
    world = World()
    world.opened()
    try:
        world.turn(5 * 201 + 5)
        raise AssertionError("no end")
    except TransportError as error:
        assert "no reply about log.txt at byte 0" in str(error)
    assert sum(topic == SEND for topic, _, _ in world.device._link.sent) == 5
