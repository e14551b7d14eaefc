"""Check values with a thing model from the file that the vendor's console exports.

docs/reference/protocol.md, "TSL". Imported only for a device with a model file.
"""

import json

from . import heap

COMPILED = b"#alink-thing 1\n"  # The first line of what `alink-sim thing compile` writes.


class Model:
    """The properties, events and services of a product; each check raises ValueError."""

    def __init__(self, path):
        """`path` is a file from the console, or a compiled one, which is read faster.

        Raises TypeError or ValueError that names the file, if it is missing or no thing model.
        """
        try:
            with open(path, "rb") as file:
                if file.read(len(COMPILED)) == COMPILED:
                    lines = file.read()
                else:
                    file.seek(0)
                    lines = heap.call("tsl_reader", "lines", file)
        except (OSError, TypeError, ValueError) as error:
            lines = heap.call("wrong_names", "refuse_file", path, error)  # It raises.
        # A line each, see `tsl_reader`: a dict of them would take four times the heap.
        self._lines = b"\n" + lines + b"\n"

    def check_properties(self, values):
        """Check {identifier: value, or {"value": value, "time": ms}}. Raises TypeError too."""
        if not isinstance(values, dict):
            heap.call("values", "check", "event/property/post", values)
        for name, value in values.items():
            timed = isinstance(value, dict) and "value" in value
            if timed and len(value) > 1:
                timed = len(value) == 2 and "time" in value
            self._check(b"/", name, value["value"] if timed else value)
            time = value.get("time", 0) if timed else 0
            if not isinstance(time, int) or isinstance(time, bool) or time < 0:
                raise ValueError(
                    "%s has the time %r, allowed are milliseconds since 1970" % (name, time)
                )

    def check_event(self, name, values):
        """Check the values of an event, a dict."""
        self._check_members("!" + name, values)

    def check_inputs(self, name, values):
        """Check the inputs of a service, a dict."""
        self._check_members("?" + name, values)

    def check_outputs(self, name, values):
        """Check the outputs of a service, a dict."""
        self._check_members(">" + name, values)

    def names(self, group):
        """Return the names after a mark: properties (b"/"), events (b"!"), services (b"?")."""
        found = []
        for line in self._lines.split(b"\n"):
            key = line.split(b" ")[0]
            if key.startswith(group) and b"/" not in key[len(group) :]:
                found.append(key[len(group) :].decode())
        return found

    def is_read_only(self, name):
        """Tell whether the cloud cannot set a property."""
        return b"\n-%s\n" % name.encode() in self._lines

    def _check_members(self, group, values):
        if b"\n%s\n" % group.encode() not in self._lines:
            self._refuse(group[1:], group[:1].encode())
        if not isinstance(values, dict):
            allowed = "the values of %s are %r, allowed is an object" % (group[1:], values)
            raise ValueError(allowed)  # noqa: TRY004  It is answered 460.
        for key, value in values.items():
            self._check(group.encode() + b"/", key, value)

    def _check(self, group, name, value):
        line = b"\n%s%s " % (group, str(name).encode())
        at = self._lines.find(line)
        if at < 0:
            self._refuse(name, group)
        at += len(line)
        _check_kind(json.loads(self._lines[at : self._lines.find(b"\n", at)]), name, value)

    def _refuse(self, name, group):
        heap.call("wrong_names", "refuse_unknown", name, self.names(group))


def _check_kind(kind, name, value):
    allowed = _complaint(kind, value)
    if allowed:
        raise ValueError("%s is %r, allowed is %s" % (name, value, allowed))


def _complaint(kind, value):
    # Returns the allowed values as text if `value` is not allowed, else None.
    name = kind[0]
    if name in ("int", "float", "double"):
        return _number(kind, value)
    if name in ("bool", "enum"):
        if isinstance(value, (bool, int)) and int(value) in kind[1:]:
            return None
        return "one of " + ", ".join(map(str, kind[1:]))
    if name == "text":
        fits = isinstance(value, str) and len(value.encode()) <= kind[1]
        return None if fits else "text of up to %d bytes" % kind[1]
    if name == "date":
        fits = isinstance(value, str) and value.encode().isdigit()
        return None if fits else "milliseconds since 1970, as text"
    if name == "array":
        return _array(kind, value)
    if name == "struct":
        if not isinstance(value, dict):
            return "an object"
        for key in value:
            if key not in kind[1]:
                raise ValueError("%s is not in the thing model" % key)
            _check_kind(kind[1][key], key, value[key])
    return None


def _number(kind, value):
    name, low, high = kind
    kinds = int if name == "int" else (int, float)
    fits = (
        isinstance(value, kinds)
        and not isinstance(value, bool)
        and (not low or value >= float(low))
        and (not high or value <= float(high))
    )
    return None if fits else "%s %s..%s" % (name, low, high)


def _array(kind, value):
    _, most, item = kind
    if not isinstance(value, (list, tuple)) or len(value) > most:
        return "a list of up to %d" % most
    for one in value:
        allowed = _complaint(item, one)
        if allowed:
            return "a list of " + allowed
    return None
