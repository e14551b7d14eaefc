# A fake gateway for requests and notifications: a store in RAM, lists of messages and reports.
from time import ticks_ms

from alink.gateway import roster
from alink.topics import whole


class Session:
    def __init__(self):
        self.identity = {}


class Gateway:
    product_key, device_name = "a1GatewayPk", "gateway-1"

    def __init__(self, stage, subs, batch=9, products=()):
        self._link = Session()
        self.batch = batch
        self.max_packet = 4096
        self.products = dict(products)
        self.roster = roster.Roster()
        self.held = []
        self.on_add = None
        self.full = False  # Whether flash takes nothing.
        self.kept = {}
        self.sent, self.told, self.heard, self.added, self.log = [], [], [], [], []
        for sub in subs:
            slot = self.roster.put(roster.mark_of(sub[0], sub[1]), stage, ticks_ms())
            self.kept[slot] = sub
            if stage < roster.ONLINE:
                self.roster.want(slot, ticks_ms())

    def read(self, slots):
        return [(slot, self.kept[slot]) for slot in slots if slot in self.kept]

    def save(self, changes):
        if not self.full:
            self.kept.update(changes)
        return not self.full

    def slot(self, product_key, device_name):
        found = self.roster.find(roster.mark_of(product_key.encode(), device_name.encode()))
        return found[0] if found else None

    def topic(self, name):
        return whole(name, self.product_key, self.device_name)

    def publish(self, topic, payload):
        self.sent.append((topic, bytes(payload)))

    def tell(self, sub, state, code):
        self.told.append((sub[1].decode(), state, code))

    def hear(self, filters):
        self.heard += filters

    def add(self, product_key, device_name):
        self.added.append(device_name)

    def safely(self, function, *arguments):
        return function(*arguments)

    def _log(self, text):
        self.log.append(text)
