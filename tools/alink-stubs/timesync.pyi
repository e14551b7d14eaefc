from collections.abc import Callable

from alink.messages import Messages

def ask(device: Messages, on_time: Callable[[int], object]) -> None: ...
