"""shadow.py: versions, conflicts, reported and desired state while the device was offline."""

from alink.shadow import Shadow
from online import Device

UPDATE = "/shadow/update/a1B2c3D4e5F/dev-1"
GET = "/shadow/get/a1B2c3D4e5F/dev-1"


class World:
    def __init__(self, online=True):
        self.device = Device()
        self.device._link.online = online
        self.wanted = []
        self.ended = []
        self.shadow = Shadow(
            self.device,
            self.wanted.append,
            lambda error, version: self.ended.append((error, version)),
        )

    def sent(self, literal):
        return self.device.sent(UPDATE, literal)

    def count(self):
        return len(self.device._link.sent)

    def accept(self, version):
        self.device.hear(
            GET,
            b'{"method":"reply","payload":{"status":"success","version":%d},"timestamp":1469564576}'
            % version,
        )

    def refuse(self, code):
        self.device.hear(
            GET,
            b'{"method":"reply","payload":{"status":"error","content":{"errorcode":"%d",'
            b'"errormessage":"no"}},"timestamp":1469564576}' % code,
        )

    def state(self, version, desired=b"{}", method=b"reply"):
        self.device.hear(
            GET,
            b'{"method":"%s","payload":{"status":"success","state":{"reported":{"a":1},'
            b'"desired":%s},"metadata":{}},"version":%d,"timestamp":1469564576}'
            % (method, desired, version),
        )


def test_each_message_has_its_bytes():
    world = World()
    assert world.sent(b'{"method":"get"}')
    world.shadow.report({"color": "red"})
    assert world.sent(b'{"method":"update","state":{"reported":{"color":"red"}},"version":1}')
    world.accept(1)
    world.shadow.report({"color": "red"}, fulfilled=True)
    assert world.sent(
        b'{"method":"update","state":{"reported":{"color":"red"},"desired":"null"},"version":2}'
    )
    world.accept(2)
    world.shadow.delete(["color"])
    assert world.sent(b'{"method":"delete","state":{"reported":{"color":"null"}},"version":3}')
    world.accept(3)
    world.shadow.delete()
    assert world.sent(b'{"method":"delete","state":{"reported":"null"},"version":4}')
    world.accept(4)
    assert world.ended == [(None, 1), (None, 2), (None, 3), (None, 4)]


def test_desired_state_arrives_by_control_and_get():
    world = World()
    world.state(7, b'{"color":"green"}')
    world.state(8, b'{"color":"blue"}', b"control")
    world.state(9)
    assert world.wanted == [{"color": "green"}, {"color": "blue"}]
    world.shadow.report({"color": "blue"}, fulfilled=True)
    assert world.device.last()[1]["version"] == 10


def test_conflict_fetches_the_version_and_retries():
    world = World()
    world.state(0)
    world.shadow.report({"a": 1})
    world.refuse(409)
    assert world.sent(b'{"method":"get"}')
    world.state(41, b'{"color":"blue"}')
    assert world.sent(b'{"method":"update","state":{"reported":{"a":1}},"version":42}')
    world.accept(42)
    assert world.ended == [(None, 42)]
    assert world.wanted == []  # A control message, or the session's first get, has told of it.


def test_repeated_conflict_gives_up_and_continues():
    world = World()
    world.shadow.report({"a": 1})
    world.shadow.delete(["b"])
    for version in (10, 20, 30):
        world.refuse(409)
        world.state(version)
    assert world.device.last()[1]["version"] == 31
    world.refuse(409)
    assert world.ended == [("409", 30)]
    assert world.sent(b'{"method":"delete","state":{"reported":{"b":"null"}},"version":31}')
    world.accept(31)
    assert world.ended == [("409", 30), (None, 31)]


def test_another_refusal_ends_only_its_update():
    world = World()
    world.shadow.report({})
    world.shadow.report({"a": 1})
    world.refuse(405)
    assert world.ended == [("405", 0)]
    assert world.device.last()[1]["state"] == {"reported": {"a": 1}}


def test_reports_during_an_update_are_merged():
    world = World()
    world.shadow.report({"a": 1})
    sent = world.count()
    world.shadow.report({"a": 2, "b": 1})
    world.shadow.report({"a": 3}, fulfilled=True)
    assert world.count() == sent
    world.accept(1)
    state = {"reported": {"a": 3, "b": 1}, "desired": "null"}
    assert world.device.last()[1] == {"method": "update", "state": state, "version": 2}


def test_offline_reports_are_sent_above_current_version():
    world = World(online=False)
    world.shadow.report({"a": 1})
    world.shadow.report({"a": 2})
    assert world.count() == 0
    world.device.begin_session()
    assert world.sent(b'{"method":"get"}')
    world.state(5, b'{"color":"green"}')
    assert world.sent(b'{"method":"update","state":{"reported":{"a":2}},"version":6}')
    assert world.wanted == [{"color": "green"}]


def test_update_without_reply_is_sent_next_session():
    world = World()
    world.shadow.report({"a": 1})
    world.device._link.online = False
    world.device.begin_session()
    world.state(1)
    assert world.device.last()[1]["version"] == 2
    world.accept(2)
    assert world.ended == [(None, 2)]


def test_session_lost_during_report_keeps_the_report():
    world = World()
    world.device._link.publish = None

    def lose(topic, payload, qos, on_done):
        from alink.errors import TransportError

        world.device._link.online = False
        raise TransportError("lost")

    world.device._link.publish = lose
    world.shadow.report({"a": 1})
    world.device._link = type(world.device._link)()
    world.device.begin_session()
    world.state(3)
    assert world.device.last()[1]["version"] == 4


def test_without_a_handler_a_refusal_is_logged():
    device = Device()
    shadow = Shadow(device)
    assert device._link.sent == []
    shadow.report({"a": 1})
    device.hear(GET, {"payload": {"status": "error", "content": {"errorcode": 500}}})
    assert device.log == ["the shadow refused an update: 500"]
