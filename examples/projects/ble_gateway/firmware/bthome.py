# BTHome v2, the format in which many thermometers advertise: bthome.io/format.
import struct

UUID = b"\xd2\xfc"
NAME, SERVICE_DATA = 0x09, 0x16  # Kinds of an element of advertising data.
# Object: name of the property, form, factor.
OBJECTS = {
    0x00: (None, "B", 1),  # Number of the packet.
    0x01: ("battery", "B", 1),
    0x02: ("temperature", "<h", 0.01),
    0x03: ("humidity", "<H", 0.01),
}


def elements(data):
    """Yield the kind and the content of each element of advertising data."""
    at = 0
    while at + 1 < len(data) and data[at]:
        end = at + 1 + data[at]
        yield data[at + 1], data[at + 2 : end]
        at = end


def measured(data):
    """Return the name of a sensor and {property: value}; nothing of what is not BTHome."""
    name, values = "", {}
    for kind, content in elements(data):
        if kind == NAME:
            name = content.decode()
        elif kind == SERVICE_DATA and content[:2] == UUID and content[2] & 1 == 0:
            values = objects(content[3:])  # Bit 0 says that it is encrypted.
    return name, values


def objects(data):
    """Return the values of objects up to the first one that is unknown."""
    values = {}
    at = 0
    while at < len(data) and data[at] in OBJECTS:
        name, form, factor = OBJECTS[data[at]]
        end = at + 1 + struct.calcsize(form)
        if end > len(data):
            break
        if name:
            values[name] = round(struct.unpack(form, data[at + 1 : end])[0] * factor, 2)
        at = end
    return values
