"""Write docs/reference/coverage.md from docs/coverage/*.csv: `make coverage`.

Each row of a list is something that the vendor documents: its `group`, whether the simulated
platform and the board's SDK support it ("yes", "partly", "no", "-" where it does not concern
them), and the test that shows it. `reasons.csv` says why a group is not complete. The command
also writes the percentages into both READMEs.
"""

from __future__ import annotations

import csv
import re
import sys
import tomllib
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import translated_pages

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "docs" / "coverage"
PAGE = ROOT / "docs" / "reference" / "coverage.md"
LISTS = {
    "topics": (
        "Topics",
        "PK is a ProductKey, DN a DeviceName. A reply comes on the topic with `_reply`.",
    ),
    "codes": ("Codes", "Of refusals and results, by the service that returns them."),
    "actions": (
        "Actions of the cloud API",
        (
            "All actions of the vendor's client `alibabacloud-iot20180120`. A group without a "
            "supported action is one row."
        ),
    ),
}
WEIGHT = {"yes": 1.0, "partly": 0.5, "no": 0.0}

INTRODUCTION = """\
# Coverage

`make coverage` writes this page from the lists in `docs/coverage`. They name what the vendor
documents, and for each supported item the test that shows it. "Partly" counts as half.

"""

LEFT_OUT = """
## Left out

| | reason |
|---|---|
| CoAP | MicroPython has no DTLS, and the vendor supports it in cn-shanghai only |
| HTTP/2 | an SDK for servers in Java |
| X.509 login | needs an X.509 certificate for each board, which is another way of production |
| ID² | needs a secure element |
| tunnels | remote SSH needs a Linux device |
| DAS | the vendor's library is closed |
"""


@dataclass(frozen=True)
class Item:
    """A row of a list."""

    item: str
    group: str
    platform: str
    board: str
    test: str


def items(name: str) -> list[Item]:
    """Return the rows of a list ("topics", "codes", "actions")."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [Item(**row) for row in csv.DictReader(file)]


def reasons() -> dict[str, str]:
    """Return why a group is not complete, by group."""
    with (DATA / "reasons.csv").open(encoding="utf-8", newline="") as file:
        return {row["group"]: row["reason"] for row in csv.DictReader(file)}


def sentences() -> dict[str, str]:
    """Return the sentence of each README, with a {} for each percentage.

    These are the platform's topics, codes and actions, and the topics of the board.
    """
    found: dict[str, str] = tomllib.loads((DATA / "sentences.toml").read_text(encoding="utf-8"))
    return found


def percent(rows: list[Item], side: str) -> int:
    """Return how much of a list a side ("platform", "board") supports, in percent."""
    marks = [getattr(row, side) for row in rows]
    counted = [WEIGHT[mark] for mark in marks if mark != "-"]
    return int(100 * sum(counted) / len(counted))


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, _summary()]
    parts += [_list(name, *LISTS[name]) for name in LISTS]
    return "".join([*parts, LEFT_OUT])


def readme(name: str, text: str) -> str:
    """Return a README with the percentages of today."""
    topics = items("topics")
    figures = (
        percent(topics, "platform"),
        percent(items("codes"), "platform"),
        percent(items("actions"), "platform"),
        percent(topics, "board"),
    )
    sentence = sentences()[name]
    pattern = "[0-9]+".join(re.escape(part) for part in sentence.split("{}"))
    return re.sub(pattern, sentence.format(*figures), text, count=1)


def _summary() -> str:
    lines = ["| | items | platform | board |", "|---|---|---|---|"]
    for name, (title, _) in LISTS.items():
        rows = items(name)
        has_board = any(row.board != "-" for row in rows)
        board = f"{percent(rows, 'board')} %" if has_board else ""
        lines.append(f"| {title} | {len(rows)} | {percent(rows, 'platform')} % | {board} |")
    return "\n".join(lines) + "\n"


def _list(name: str, title: str, text: str) -> str:
    lines = [f"\n## {title}\n", f"{text}\n"]
    lines += ["| item | platform | board | test, or reason |", "|---|---|---|---|"]
    why = reasons()
    ordered = sorted(items(name), key=lambda row: row.group.lower())
    for group, found in groupby(ordered, key=lambda row: row.group):
        rows = list(found)
        lines.append(f"| **{group}** | | | {why.get(group, '')} |")
        if all(row.platform == "no" for row in rows):
            lines.append(
                f"| {', '.join(f'`{row.item}`' for row in rows)} | no | {rows[0].board} | |"
            )
            continue
        for row in rows:
            test = f"`{row.test}`" if row.test else ""
            lines.append(f"| `{row.item}` | {row.platform} | {row.board} | {test} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page and the READMEs; a translated one gets a new mark."""
    PAGE.write_text(page(), encoding="utf-8")
    for name in sentences():
        path = ROOT / name
        path.write_text(readme(name, path.read_text(encoding="utf-8")), encoding="utf-8")
        if name != "README.md":
            translated_pages.renew(ROOT, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
