# What core tests may use beside plain `assert`; runs on CPython and MicroPython.
import json


def raises(expected, function, *arguments, **keywords):
    """Call the function and return the exception it raises; fail if it does not, or another."""
    try:
        result = function(*arguments, **keywords)
    except expected as error:
        return error
    raise AssertionError("%s not raised, got %r" % (_names(expected), result))


def vectors(name):
    """Return what tests/vectors/NAME.json holds."""
    here = __file__.rsplit("/", 2)[0]
    with open("%s/vectors/%s.json" % (here, name)) as file:
        return json.load(file)


def _names(expected):
    if isinstance(expected, tuple):
        return " or ".join([one.__name__ for one in expected])
    return expected.__name__
