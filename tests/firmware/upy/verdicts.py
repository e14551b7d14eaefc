# Read certificates as JSON from standard input, each a dict of fields with texts; print for each
# what the board refuses before it dials ("" if nothing), and the MQTT host that it would dial.
import json
import sys

import shims

shims.install()

from alink.boot import network, settings  # noqa: E402
from alink.errors import StoreError  # noqa: E402


def verdict(texts):
    fields = {name: text.encode() for name, text in texts.items()}
    try:
        settings.registration(fields)
        said = ""
    except StoreError as error:
        said = str(error)
    return said, network.endpoint(fields)[0]


print(json.dumps([verdict(texts) for texts in json.loads(sys.stdin.read())]))
