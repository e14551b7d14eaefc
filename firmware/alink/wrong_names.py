"""The sentences about names and handlers of a thing model, and names of settings.

Loaded for a handler as it is given, and to raise.
"""


def check_handler(model, kind, name, handler):
    """Raise TypeError or ValueError for a handler that would never be called.

    `kind` is "property" or "service"; `model` is None without a thing model.
    """
    if not isinstance(name, str):
        raise TypeError('@thing.%s lacks its name: write @thing.%s("Name")' % (kind, kind))
    if not callable(handler):
        raise TypeError("the handler of %s is %r; allowed is a function" % (name, handler))
    code = getattr(handler, "__code__", None)
    # MicroPython's type of an async function, and CPython's flags of one.
    if type(handler).__name__ == "generator" or getattr(code, "co_flags", 0) & 0x2A0:
        raise TypeError(
            "the handler of %s is async; allowed is a function, which may call "
            "asyncio.create_task()" % name
        )
    if model:
        refuse_unknown(name, model.names(b"/" if kind == "property" else b"?"))
        if kind == "property" and model.is_read_only(name):
            raise ValueError("%s is read-only in the thing model: the cloud cannot set it" % name)


def refuse_unknown(name, known, where="in the thing model", error=ValueError):
    """Raise `error` with the nearest of the known names, if the name is not one of them."""
    if name in known:
        return
    best = nearest = None
    for one in known:
        at = hits = 0
        for letter in str(name):
            found = one.find(letter, at)
            if found >= 0:
                hits, at = hits + 2, found + 1
        if best is None or hits - len(one) > best:
            best, nearest = hits - len(one), one
    raise error(
        "%s is not %s%s" % (name, where, "; did you mean %s?" % nearest if nearest else "")
    )


def refuse_file(path, error):
    """Raise TypeError or ValueError about the file of a thing model: `error` is why."""
    if not isinstance(path, str):
        raise TypeError("thing is %r; allowed is the path of a thing model" % (path,))
    text = "%s is not a thing model: %s"
    if isinstance(error, OSError):
        text = "thing is %s, which cannot be read: %r; copy it to the board"
    raise ValueError(text % (path, error))
