"""Check values with a thing model from the file that the vendor's console exports.

docs/reference/protocol.md, "TSL". Imported only for a device with a model file.
"""

import json


class Model:
    """The properties, events and services of a product; each check raises ValueError."""

    def __init__(self, path):
        """Raises OSError if the file does not exist, ValueError if it is not a thing model."""
        with open(path) as file:
            tsl = json.load(file)
        try:
            self._properties = _types(tsl["properties"])
            self._events = {}
            for one in tsl.get("events", ()):
                self._events[one["identifier"]] = _types(one.get("outputData", ()))
            self._services = {}
            for one in tsl.get("services", ()):
                self._services[one["identifier"]] = _types(one.get("inputData", ()))
        except (KeyError, TypeError) as error:
            raise ValueError("%s is not a thing model: %r is missing" % (path, error))
        # "set" and "get" stand for all properties at once; "post" is their event.
        self._events.pop("post", None)

    def check_properties(self, values):
        """Check {identifier: value, or {"value": value, "time": ms}}."""
        for name, value in values.items():
            timed = isinstance(value, dict) and "value" in value
            if timed and len(value) > 1:
                timed = len(value) == 2 and "time" in value
            _check_field(self._properties, name, value["value"] if timed else value)
            time = value.get("time", 0) if timed else 0
            if not isinstance(time, int) or isinstance(time, bool) or time < 0:
                raise ValueError(
                    "%s has the time %r, allowed are milliseconds since 1970" % (name, time)
                )

    def check_event(self, name, values):
        """Check the values of an event, a dict."""
        _check_fields(name, self._events, values)

    def check_inputs(self, name, values):
        """Check the inputs of a service, a dict."""
        _check_fields(name, self._services, values)


def _types(fields):
    types = {}
    for one in fields:
        if isinstance(one, dict):  # A service of the raw kind lists names only.
            types[one["identifier"]] = one["dataType"]
    return types


def _check_fields(name, known, values):
    if name not in known:
        raise ValueError("%s is not in the thing model" % name)
    for key, value in values.items():
        _check_field(known[name], key, value)


def _check_field(types, name, value):
    if name not in types:
        raise ValueError("%s is not in the thing model" % name)
    allowed = _complaint(types[name], value)
    if allowed:
        raise ValueError("%s is %r, allowed is %s" % (name, value, allowed))


def _complaint(kind, value):
    # Returns the allowed values as text if `value` is not allowed, else None.
    name, specs = kind["type"], kind.get("specs") or {}
    if name in ("int", "float", "double"):
        return _number(name, specs, value)
    if name in ("bool", "enum"):
        if isinstance(value, (bool, int)) and int(value) in map(int, specs):
            return None
        return "one of " + ", ".join(sorted(specs))
    if name in ("text", "date"):
        most = int(specs.get("length", 10240))
        fits = isinstance(value, str) and len(value.encode()) <= most
        if name == "date":
            return (
                None if fits and value.encode().isdigit() else "milliseconds since 1970, as text"
            )
        return None if fits else "text of up to %d bytes" % most
    if name == "array":
        return _array(specs, value)
    if name == "struct":
        if not isinstance(value, dict):
            return "an object"
        _check_struct(specs, value)
    return None


def _number(name, specs, value):
    # A number, its text, "" or null.
    low, high = ["" if specs.get(key) is None else str(specs[key]) for key in ("min", "max")]
    kinds = int if name == "int" else (int, float)
    fits = (
        isinstance(value, kinds)
        and not isinstance(value, bool)
        and (not low or value >= float(low))
        and (not high or value <= float(high))
    )
    return None if fits else "%s %s..%s" % (name, low, high)


def _array(specs, value):
    most = int(specs.get("size", 512))
    if not isinstance(value, (list, tuple)) or len(value) > most:
        return "a list of up to %d" % most
    for one in value:
        allowed = _complaint(specs["item"], one)
        if allowed:
            return "a list of " + allowed
    return None


def _check_struct(specs, value):
    types = _types(specs)
    for name in value:
        _check_field(types, name, value[name])
