# Dial the host and port of the arguments and print the result as one line of JSON.
#   dialler.py HOST PORT ROOT.der[,ROOT.der] [BUDGET_MS]
import json
import sys
from time import ticks_ms

from alink.errors import AlinkError
from alink.session import connection, packets, transport


def main(host, port, roots, budget=5000):
    fed = [0]

    def feed():
        fed[0] += 1

    said = {"error": None, "text": ""}
    dialled = None
    transport.resolve = lambda name, port, kind: transport.socket.getaddrinfo("127.0.0.1", port)[
        0
    ][-1]
    try:
        ders = []
        for name in roots.split(","):
            with open(name, "rb") as file:
                ders.append(file.read())
        dialled = transport.dial((host, int(port)), transport.context(ders), feed)
        dialled.end = connection.ticks_add(ticks_ms(), int(budget))
        packets.connect(dialled, (b"c", b"u", b"p"), 60)
    except AlinkError as error:
        said["error"] = type(error).__name__
        said["text"] = str(error)
        said["written"] = dialled is not None and dialled.written
    said["fed"] = fed[0]
    print(json.dumps(said))


main(*sys.argv[1:])
