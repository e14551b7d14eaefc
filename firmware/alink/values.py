"""The values that a program posts: which ones JSON and the platform take.

Loaded for a request whose values are not all numbers, and for the answers of handlers.
"""


def check(what, params):
    """Raise TypeError or ValueError that names the value in the params of a request.

    `what` is the topic's tail ("event/property/post"), or "shadow".
    """
    is_post = what == "event/property/post"
    if (is_post or what == "shadow") and not isinstance(params, dict):
        raise TypeError("the values are %s; allowed is {name: value}" % _shown(params))
    for name, value in params.items() if is_post else ():
        if value is None:
            raise TypeError("%s is None; leave it out until it has a value" % name)
        if isinstance(value, dict) and "value" in value:
            _check_time(name, value)
    is_event = what.startswith("event/") and not is_post
    if is_event and isinstance(params, dict) and "value" in params:
        _check_time(what[6:-5], params)
    _check(what, params)


def check_answer(name, answer, model):
    """Raise TypeError if a service answers with what it may not.

    Never ValueError: it would tell the cloud that the inputs are wrong.
    """
    if not isinstance(answer, dict):
        raise TypeError(
            "%s answers with %s; allowed is a dict of outputs, or None" % (name, _shown(answer))
        )
    try:
        _check(name, answer)
        if model:
            model.check_outputs(name, answer)
    except ValueError as error:
        raise TypeError(str(error))


def check_event(name, values):
    """Raise TypeError, because the values of an event are not a dict."""
    raise TypeError("the values of %s are %s; allowed is a dict" % (name, _shown(values)))


def _check_time(name, timed):
    for key in timed:
        if key not in ("value", "time"):
            raise ValueError(
                "%s has %s beside value; allowed is time (a structure with a member value: "
                '{"value": the structure})' % (name, key)
            )
    time = timed.get("time", 0)
    if not isinstance(time, int) or isinstance(time, bool) or time < 0:
        raise ValueError(
            "%s has the time %s; allowed are milliseconds since 1970" % (name, _shown(time))
        )


def _check(name, value):
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                raise TypeError("%s has the name %s; allowed is text" % (name, _shown(key)))
            _check(key, one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _check(name, one)
    elif isinstance(value, float):
        if value - value != 0:
            raise ValueError("%s is %s, and JSON has no such number; leave it out" % (name, value))
    elif value is not None and not isinstance(value, (bool, int, str)):
        raise TypeError(
            "%s is %s; allowed are numbers, text, lists and dicts" % (name, _shown(value))
        )


def _shown(value):
    return ("%r" % (value,))[:60]
