"""Explain the output of a failed pip. It imports only the standard library: see setup_steps."""

from __future__ import annotations

import re
import sys

# Messages of pip about an unreachable index. "No matching distribution" follows all of them, so
# search for these first.
_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError"
    r"|Max retries exceeded|Connection refused|Network is unreachable|Could not fetch URL"
)
_UNAVAILABLE = re.compile(
    r"(?:No matching distribution found for|Failed building wheel for|Failed to build) (\S+)"
)


def explain_pip(output: str, code: int) -> str:
    """Return what pip's output means and what to do, without a period at the end."""
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return (
            "the certificate of the package index is not trusted: set PIP_CERT to your CA file "
            "and run make again"
        )
    if _UNREACHABLE.search(output):
        return (
            "cannot reach the package index: check the network, HTTPS_PROXY or "
            "PIP_INDEX_URL and run make again"
        )
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "the package index has other files than requirements.lock: use another "
            "index (PIP_INDEX_URL) and run make again"
        )
    if "No space left on device" in output:
        return "the disk is full: free about 600 MB and run make again"
    if unavailable := _UNAVAILABLE.search(output):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return (
            f"{unavailable[1]} has no wheel for Python {version} on this platform: use "
            "Python 3.11 to 3.14 on Linux (x86-64) or macOS (Apple silicon), as in "
            "make PYTHON=python3.12"
        )
    return f"pip ended with exit code {code}: read its log and run make again"
