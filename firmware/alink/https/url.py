"""Take a URL apart. Loaded for one request. Pure."""

from ..errors import ProtocolError


def split(url, scheme="https://"):
    """Return ((host, port), path) of a URL of that scheme.

    Raises ProtocolError for any other URL, and for one that is not printable ASCII: a line end in
    it would begin another header of the request.
    """
    if not isinstance(url, str) or not url.startswith(scheme):
        raise ProtocolError("%s does not begin with %s" % (str(url)[:60], scheme))
    host, _, path = url[len(scheme) :].partition("/")
    host, _, port = host.partition(":")
    port = port or ("443" if scheme == "https://" else "80")
    if not host or not is_printable(url) or not port.isdigit() or not 0 < int(port) < 65536:
        raise ProtocolError("%r is not a valid address" % url[:60])
    return (host, int(port)), "/" + path


def is_printable(text):
    """Tell whether a text is ASCII without blanks and control characters."""
    data = text.encode()
    return not data or (min(data) > 0x20 and max(data) < 0x7F)
