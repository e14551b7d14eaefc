"""Every secret a platform has had: values in, the same values without a secret out.

Devices put secrets into client ids, topics and payloads, by mistake or on purpose, those of other
devices too. Voided secrets stay hidden: someone may have written them down.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from alink_sim.platform.state.entities import Device, Product

_SHORTEST = 8  # Characters; a shorter secret looks like ordinary words.
# Runs of characters that may contain a secret: a secret has no spaces.
_RUN = re.compile(rf"[!-~]{{{_SHORTEST},}}")


_MAX_PASSING = 20_000


class Mask:
    """What must not be shown. The work grows with the text, not with the number of secrets.

    Secrets lie under their first eight characters, so that each place of a text is looked up once;
    where these fit, one more look for each length of the secrets that begin so.
    """

    def __init__(self) -> None:
        self._by_start: dict[str, dict[int, set[str]]] = {}
        self._passing: deque[str] = deque()

    def learn(self, thing: object) -> None:
        """Take up the secrets of a product or a device, or a secret as it is."""
        if isinstance(thing, str):
            if len(thing) >= _SHORTEST:
                lengths = self._by_start.setdefault(thing[:_SHORTEST], {})
                lengths.setdefault(len(thing), set()).add(thing)
        elif isinstance(thing, Product):
            self.learn(thing.secret)
        elif isinstance(thing, Device):
            self.learn(thing.secret)
            for issued in thing.client_ids:
                self.learn(issued.token)

    def learn_for_now(self, secret: str) -> None:
        """Take up a secret that dies, as the signature of a URL does; the oldest are forgotten."""
        self.learn(secret)
        self._passing.append(secret)
        if len(self._passing) > _MAX_PASSING:
            self._forget(self._passing.popleft())

    def hide(self, value: Any) -> Any:
        """Return a value of JSON with `***` in place of each secret."""
        if isinstance(value, str):
            return _RUN.sub(lambda run: self._hidden(run[0]), value)
        if isinstance(value, dict):
            return {self.hide(name): self.hide(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(one) for one in value]
        return value

    def _hidden(self, run: str) -> str:
        shown: list[str] = []
        end = 0  # Of the secret, or of the overlapping ones, that were found last.
        for at in range(len(run) - _SHORTEST + 1):
            lengths = self._by_start.get(run[at : at + _SHORTEST])
            if lengths is None:
                continue
            found = (size for size, secrets in lengths.items() if run[at : at + size] in secrets)
            if not (size := max(found, default=0)):
                continue
            if at > end or not end:
                shown += run[end:at], "***"
            end = max(end, at + size)
        return run if not shown else "".join((*shown, run[end:]))

    def _forget(self, secret: str) -> None:
        lengths = self._by_start.get(secret[:_SHORTEST], {})
        lengths.get(len(secret), set()).discard(secret)
        if not any(lengths.values()):
            self._by_start.pop(secret[:_SHORTEST], None)
