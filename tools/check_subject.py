"""Check the subject of a commit: `area: Sentence.`, at most 72 columns.

`python tools/check_subject.py FILE` reads the message of a commit, as a hook of git does.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LONGEST = 72
_SUBJECT = re.compile(r"[a-z][\w/-]*: [A-Z`0-9].*\.")


def mistake(subject: str) -> str:
    """Return what is wrong with a subject, "" if it is right."""
    if subject.startswith(("fixup! ", "squash! ", "Merge ", "Revert ")):
        return ""
    if len(subject) > LONGEST:
        return f"the subject has {len(subject)} columns; the limit is {LONGEST}"
    if not _SUBJECT.fullmatch(subject):
        return "write `area: Sentence.`, for example `device: A wrong setting is named.`"
    return ""


def main() -> int:
    """Check the message in a file; return the exit code."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    if found := mistake(text.partition("\n")[0]):
        print(f"commit: {found}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
