"""The way of a boot, from an identity to a session: one call a stop, each stop a module.

    identity.py → prepare.py (wifi.py, clock.py) → enrol.py (register.py, store.py) → login.py

What a stop needs is imported for it and unloaded after it.
"""

from . import heap


def come_online(fields, network, feed, securemode, log):
    """Yield the milliseconds to wait, 0 after a stop; return what `Link.use` takes.

    `fields` are those of `identity.identify`; a credential is added where there was none. Raises
    RefusedError when the platform refuses the registration, StoreError when flash does not keep
    the credential.
    """
    from .prepare import prepare

    endpoint, tls = yield from prepare(fields, network, feed, log)
    prepare = None
    heap.unload("prepare", "transport")
    yield 0  # Whoever drives us collects: stale pointers lie on the stack below it, unseen.
    if "DeviceSecret" not in fields and "DeviceToken" not in fields:
        from .enrol import enrol

        yield from enrol(fields, endpoint, tls, feed, securemode, log)
        enrol = None
        heap.unload("enrol")
        yield 0
    from .login import connect_fields

    login = connect_fields(fields)
    connect_fields = None
    heap.unload("login", "sign")
    return endpoint, tls, login


def refused(error, policy, log):
    """Say that a login was refused; return whether the policy gives the credential up.

    Raises the error under "stop".
    """
    log(
        "login refused, CONNACK %d (%s); see in the console that the device is enabled and was "
        "not reset or cleared" % (error.code, error)
    )
    if policy == "stop":
        raise error
    return policy == "reregister"


def start_over():
    """Erase the credential and reset: a first boot wants the heap as a boot finds it."""
    import machine

    from .store import forget

    forget()
    machine.reset()
