"""Every secret a platform has had: values in, the same values without a secret out.

Devices put secrets into client ids, topics and payloads, by mistake or on purpose, those of other
devices too. Voided secrets stay hidden: someone may have written them down.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from alink_sim.platform.state.entities import Device, Product

_SHORTEST = 8  # Characters; a shorter secret looks like ordinary words.
# Runs of characters that may contain a secret: a secret has no spaces.
_RUN = re.compile(rf"[!-~]{{{_SHORTEST},}}")


class Mask:
    """What must not be shown. The work grows with the text, not with the number of secrets."""

    def __init__(self) -> None:
        self._by_length: defaultdict[int, set[str]] = defaultdict(set)

    def learn(self, thing: object) -> None:
        """Take up the secrets of a product or a device, or a secret as it is."""
        if isinstance(thing, str):
            if len(thing) >= _SHORTEST:
                self._by_length[len(thing)].add(thing)
        elif isinstance(thing, Product):
            self.learn(thing.secret)
        elif isinstance(thing, Device):
            self.learn(thing.secret)
            for issued in thing.client_ids:
                self.learn(issued.token)

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
        for length, secrets in self._by_length.items():
            for at in range(len(run) - length + 1):
                if (found := run[at : at + length]) in secrets:
                    return self._hidden(run.replace(found, "***"))
        return run
