"""What can go wrong, by what to do about it: six errors, each one sentence for a person. Pure."""


class AlinkError(Exception):
    """Base of every error of this SDK; `str(error)` says what happened and what to do next."""

    dates = False  # Whether a server's certificate was refused for its dates: by a wrong clock?


class StoreError(AlinkError):
    """Flash holds no usable identity, or did not take a write: burn or repair the board."""


class TransportError(AlinkError):
    """The network failed (DNS, TCP, TLS, a deadline): a retry may help."""


class VerifyError(TransportError):
    """The server's X.509 certificate was not accepted: fix the clock, the host or the roots."""


class MemoryShortError(TransportError):
    """TLS or DNS found too little memory: hold less data, or freeze the SDK into the firmware."""


class ProtocolError(AlinkError):
    """The peer broke the rules of MQTT or Alink: not this board's fault."""


class RefusedError(AlinkError):
    """The platform said no. `code` is the CONNACK return code, or the SUBACK or Alink code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def safely(log, what, function, *arguments):
    """Call what the application gave; return what it does, None if it raises.

    `what` (str, or a topic in bytes) names it in the log line of its exception: a mistake in an
    application's handler must not end the session, nor stop the other handlers.
    """
    try:
        return function(*arguments)
    except Exception as error:
        if isinstance(what, bytes):
            from .topics import shown

            what = shown(what)
        log("the handler of %s failed: %r" % (what, error))
        return None
