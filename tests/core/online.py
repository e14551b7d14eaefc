# A device that is online, without a link: what it sends is kept, what it hears the test says.
import json

from alink.errors import TransportError
from alink.messages import Messages
from alink.topics import find

BASE = "/sys/a1B2c3D4e5F/dev-1/thing/"


class Session:
    def __init__(self):
        self.online = True
        self.sessions = 1
        self.duplicate = False
        self.sent = []

    def publish(self, topic, payload, qos, on_done):
        if not self.online:
            raise TransportError("not online")
        self.sent.append((topic.decode(), payload, qos))

    def subscribe(self, topic):
        pass


class Device(Messages):
    def __init__(self):
        super().__init__()
        self.product_key, self.device_name = "a1B2c3D4e5F", "dev-1"
        self._link = Session()
        self.log = []

    def _log(self, text):
        self.log.append(text)

    def last(self):
        """Return topic and parsed body of the last message; assert that it has no blank."""
        topic, payload, _ = self._link.sent[-1]
        assert b" " not in payload, payload
        return topic, json.loads(payload)

    def sent(self, topic, literal, qos=0):
        """Assert that the last message is this literal; its members may come in any order."""
        was_topic, payload, was_qos = self._link.sent[-1]
        assert (was_topic, was_qos) == (topic, qos), self._link.sent[-1]
        assert json.loads(payload) == json.loads(literal), payload
        assert len(payload) == len(literal), payload
        return True

    def hear(self, topic, body):
        topic = topic.encode()
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler = find(self._routes, topic)
        assert handler, topic
        handler(topic, payload)

    def begin_session(self):
        self._link.online = True
        self._link.sessions += 1
        for hook in self._hooks:
            hook()
