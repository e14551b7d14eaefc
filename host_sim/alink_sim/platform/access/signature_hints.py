"""Explain a wrong signature: a password in, a sentence out.

Only for the event log: the wire says no more than CONNACK 4, and these are the usual mistakes.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

from alink_sim.platform.access import auth
from alink_sim.platform.access.auth import Credentials


def explain(credentials: Credentials, *, needs: str, secrets: Mapping[str, str]) -> str:
    """Return why a signature is refused; `secrets` by their names, `needs` is the right one's."""
    if len(credentials.password) not in (32, 40, 64):
        return f"the password has {len(credentials.password)} characters: not a hex signature"
    refused = f"the signature does not fit the {needs}"
    for name, method in itertools.product(secrets, auth.SIGN_METHODS):
        extension = credentials.extension | {"signmethod": method}
        tried = replace(credentials, extension=extension)
        if auth.login_is_signed(tried, secrets[name], client_id_optional=True):
            return f"{refused}; it is that of a login with the {name} by {method}"
        if auth.registration_is_signed(tried, secrets[name]):
            return f"{refused}; it is that of a registration with the {name} by {method}"
    return refused
