# The half of `esp32.Partition` that only an update uses; it loads on first use.
import struct

from _board import call, state


def find(partition, name, entries):
    # Return the attribute `name` of a partition; for 0 the table entry that boots next, for 1 the
    # one that runs.
    if name in (0, 1):
        at = struct.unpack("<I", state(52, 4) if name else call(8, 0, ""))[0]
        for entry in entries():
            if entry[2] == 0 and at in (0, struct.unpack_from("<I", entry, 4)[0]):
                return entry
        raise OSError(2)
    if name == "get_next_update":
        return lambda: type(partition)(_following(partition.info(), entries))
    if name == "set_boot":
        return lambda: call(6, 0, "", struct.pack("<I", partition.info()[2]))
    if name == "mark_app_valid_cancel_rollback":
        return lambda: call(7, 0, "")
    raise AttributeError(name)


def _following(info, entries):
    slots = [e for e in entries() if e[2] == 0 and 16 <= e[3] < 32]
    slots.sort(key=lambda e: e[3])
    if not slots:
        raise OSError(2)
    later = [e for e in slots if info[0] == 0 and e[3] > info[1] >= 16]
    return (later or slots)[0]
