"""Each promise of docs/explanation/reliability.md has tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.reliability import claims, fuzz

ROOT = Path(__file__).resolve().parents[2]


def functions(name: str) -> set[str]:
    """Return the functions of a file of tests."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("number", range(1, 26))
def test_every_number_has_tests_that_exist(number: int):
    ((_, _, tests),) = (one for one in claims.CLAIMS if one[0] == number)
    assert tests
    for test in tests:
        name, _, function = test.partition("::")
        assert function in functions(name), test


def test_page_has_the_table_of_promises():
    assert claims.PAGE.read_text(encoding="utf-8").endswith(claims.table())


def test_page_has_the_seed_of_the_code():
    assert f"seed {fuzz.SEED}\n" in claims.PAGE.read_text(encoding="utf-8")
