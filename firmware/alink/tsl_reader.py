"""Read the thing model that the vendor's console exports, of which a board cannot hold the whole.

Byte by byte, one property in the heap at a time. The result is what `alink-sim thing compile`
writes and `tsl` checks with: a line each, its key, a blank, and its kind as JSON.

    /target ["float","5","30"]        a property
    !alarm/level ["enum",1,2]         an output of an event; "!alarm" alone is the event
    ?SelfTest/seconds ["int","1",""]  an input of a service; "?SelfTest" alone is the service
    >SelfTest/passed ["int","",""]    an output of a service; ">SelfTest" alone is the service
    -temperature                      a property that the cloud cannot set
    /motor:speed ["int","0","9"]      a property of the module motor; modules are "functionBlocks"
"""

import json

from micropython import const

from alink import heap

_QUOTE, _BACKSLASH, _COMMA = const(0x22), const(0x5C), const(0x2C)
_OPEN, _CLOSE = const(b"{["), const(b"}]")
_LIMITS = const(("min", "max", "length", "size"))
_TABLES = const(("properties", "events", "services", "functionBlocks"))
_ALL = const(("set", "get", "post"))  # They stand for all properties at once.


def lines(file):
    """Return the lines of a thing model in a binary file. Raises ValueError with the place."""
    return b"\n".join(_Reader(file).tables())


class _Reader:
    """JSON from a file: one value after another, and no more of it than is wanted."""

    def __init__(self, file):
        self._where = ""
        self._file = file
        self._buffer = bytearray(128)
        self._at = self._end = self._before = 0

    def tables(self):
        """Read a thing model, or a module of one; return its lines."""
        found = []
        module, missing, where = b"", "properties", self._where and self._where + "."
        for table in self.pairs():
            if table == "functionBlockId":
                module = self._value().encode() + b":"
            elif table in _TABLES:
                missing = table != "properties" and missing
                for _ in self.items(where + table):
                    found += self.tables() if table == "functionBlocks" else self._lines(table)
            else:
                self.skip()
        if missing:
            raise ValueError("%s%s is missing" % (where, missing))
        return [line[:1] + module + line[1:] for line in found] if module else found

    def _lines(self, table):
        # Reads a property, an event or a service; returns its lines.
        self.access = None  # The last accessMode, such as "r".
        if table == "properties":
            name, kind = self.member()
            return [b"/%s %s" % (name, kind)] + [b"-" + name] * (self.access == "r")
        name, inputs, outputs = self.group()
        found = []
        marked = {b"?": inputs, b">": outputs} if table != "events" else {b"!": outputs}
        for mark, members in marked.items() if name not in _ALL else ():
            group = mark + name.encode()
            found.append(group)
            found.extend([group + b"/%s %s" % member for member in members])
        return found

    def member(self):
        """Read a property, or a member of something; return its identifier and kind as bytes."""
        name, kind = self._named()
        return name.encode(), heap.load("envelope", True).compact(kind)

    def group(self):
        """Read an event or a service; return its identifier and the `member`s in and out."""
        name, members = None, {"inputData": [], "outputData": []}
        for key in self.pairs():
            if key == "identifier":
                name = self._value()
            elif key in members:
                for _ in self.items(self._where + "." + key):
                    if self._peek() == 0x7B:
                        members[key].append(self.member())
                    else:
                        self.skip()  # A service of the raw kind lists names only.
            else:
                self.skip()
        if name is None:
            self._missing("identifier")
        return name, members["inputData"], members["outputData"]

    def _named(self):
        name = kind = None
        for key in self.pairs():
            if key == "identifier":
                name = self._value()
            elif key == "accessMode":
                self.access = self._value()
            elif key == "dataType":
                kind = self._kind()
            else:
                self.skip()
        if name is None or kind is None:
            self._missing("identifier" if name is None else "dataType of " + name)
        return name, kind

    def _kind(self):
        # Reads a data type; returns ["int", min, max] and the like, see `tsl`.
        name, limits, choices, item, fields = None, {}, [], None, {}
        for key in self.pairs():
            if key == "type":
                name = self._value()
            elif key != "specs":
                self.skip()
            elif self._peek() == 0x5B:  # The members of a structure.
                for _ in self.items(self._where + ".specs"):
                    member, of = self._named()
                    fields[member] = of
            elif self._peek() == 0x7B:
                for spec in self.pairs():
                    if spec in _LIMITS:
                        limits[spec] = self._value()
                    elif spec == "item":
                        item = self._kind()
                    else:
                        if spec.isdigit() or spec[:1] == "-":
                            choices.append(int(spec))
                        self.skip()
            else:
                self.skip()
        if name is None:
            self._missing("type")
        return _short(name, limits, choices, item, fields)

    def pairs(self):
        """Yield each key of an object; the caller reads or skips its value."""
        self._expect(0x7B)
        more = not self._next(0x7D, False)
        while more:
            key = self._value()
            self._expect(0x3A)
            yield key
            more = not self._next(0x7D)

    def items(self, where):
        """Yield for each element of a list, which is `where`; the caller reads or skips it."""
        self._expect(0x5B)
        outer, number = self._where, 0
        more = not self._next(0x5D, False)
        while more:
            self._where = "%s[%d]" % (where, number)
            yield
            number += 1
            more = not self._next(0x5D)
        self._where = outer

    def _next(self, end, comma=True):
        # Returns whether the list or object ends here; else takes the comma before an element.
        if self._peek() == end:
            self._at += 1
            return True
        if comma:
            self._expect(_COMMA)
        return False

    def skip(self):
        """Read a value and forget it."""
        depth = 0
        while True:
            byte = self._peek()
            if byte in _OPEN or (depth and byte in b"]},:"):
                depth += (byte in _OPEN) - (byte in _CLOSE)
                self._at += 1
            else:
                self._token(None)
            if not depth:
                return

    def _value(self):
        # Returns a text, a number, true, false or null.
        token = bytearray()
        self._token(token)
        try:
            return json.loads(token.decode())
        except ValueError:
            return self._wrong()

    def _token(self, token):
        # Reads a text or a word into `token`, or past it.
        quoted = self._peek() == _QUOTE
        first, escaped = True, False
        while True:
            byte = self._byte()
            if not quoted and (byte <= 0x20 or byte in b",:]}"):
                if first:
                    self._wrong()
                return
            if not byte:
                self._wrong()
            self._at += 1
            if token is not None:
                token.append(byte)
            if quoted and byte == _QUOTE and not escaped and not first:
                return
            escaped = byte == _BACKSLASH and not escaped
            first = False

    def _expect(self, byte):
        if self._peek() != byte:
            self._wrong()
        self._at += 1

    def _peek(self):
        # Returns the next byte that is not white space, 0 at the end of the file.
        while True:
            byte = self._byte()
            if not 0 < byte <= 0x20:
                return byte
            self._at += 1

    def _byte(self):
        if self._at == self._end:
            self._before += self._end
            self._at, self._end = 0, self._file.readinto(self._buffer)
            if not self._end:
                return 0
        return self._buffer[self._at]

    def _missing(self, what):
        raise ValueError("%s: %s is missing" % (self._where, what))

    def _wrong(self):
        raise ValueError("byte %d is not the JSON of a thing model" % (self._before + self._at))


def _short(name, limits, choices, item, fields):
    if name in ("int", "float", "double"):
        texts = ["" if limits.get(key) is None else str(limits[key]) for key in ("min", "max")]
        return [name] + texts
    if name in ("bool", "enum"):
        return [name] + sorted(choices)
    if name == "text":
        return [name, int(limits.get("length", 10240))]
    if name == "array":
        return [name, int(limits.get("size", 512)), item]
    return [name, fields] if name == "struct" else [name]
