"""The language check finds each bad example of its rules, and stays quiet on each plain one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import check_language
from check_language import KINDS, Text

ROOT = Path(__file__).resolve().parents[2]
HERE = Path("example.md")
RULES = check_language.read_rules()


def found(words, kind, rules=RULES):
    """Return what the rules say about one text."""
    return list(check_language.phrase_findings(Text(HERE, 1, kind, words), rules))


def kinds_of(example):
    return {"test"} if example.startswith("test_") else KINDS - {"test"}


@pytest.mark.parametrize(
    ("rule", "bad"), [pytest.param(rule, bad, id=bad) for rule in RULES for bad in rule.bad]
)
def test_bad_example_is_found(rule, bad):
    kinds = kinds_of(bad) & rule.kinds
    assert kinds
    for kind in kinds:
        assert found(bad, kind, [rule])


@pytest.mark.parametrize("plain", [plain for rule in RULES for plain in rule.plain])
def test_plain_example_passes(plain):
    for kind in kinds_of(plain):
        assert not found(plain, kind)


def test_every_rule_has_examples():
    assert RULES
    assert all(rule.bad and rule.plain for rule in RULES)


def test_finding_names_file_line_sentence_advice():
    (finding,) = found("First one.\nAn `x y` that is\nnone fails. Last.", "prose")
    assert str(finding) == (
        'example.md:2: An `x y` that is none fails.: say "is not a …" or "has no …"'
    )


def test_code_in_prose_is_skipped():
    assert not found("Topic `ota/device/upgrade`, ``an upgrade``.", "prose")
    assert found("An upgrade, `code`, again.", "prose")


def test_markdown_fences_are_skipped():
    source = "One.\n\n```python\n# anew\n```\n\nTwo.\nanew\n"
    texts = list(check_language.markdown_texts(HERE, source))
    assert [text.words for text in texts] == ["One.", "Two.\nanew\n"]
    (finding,) = check_language.phrase_findings(texts[1], RULES)
    assert finding.line == 8


def test_python_texts_have_kind_and_line():
    source = '''"""Module text."""
# first
# second

x = 1  # third
def test_one_two():
    """Function text."""
    return "three short words", "no message"
'''
    texts = check_language.python_texts(Path("x.py"), source)
    assert {(text.line, text.kind, text.words) for text in texts} == {
        (1, "docstring", "Module text."),
        (2, "comment", "first\nsecond"),
        (5, "comment", "third"),
        (6, "test", "test_one_two"),
        (7, "docstring", "Function text."),
        (8, "message", "three short words"),
    }


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("test_two_words", False),
        ("test_name_of_three", True),
        ("test_a_name_that_has_just_eight_words_here", True),
        ("test_a_name_that_has_just_one_word_too_much", False),
    ],
)
def test_name_has_three_to_eight_words(name, good):
    assert list(check_language.name_findings(Text(HERE, 1, "test", name))) is not good


def test_british_spelling_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("The color of a\ncolour.\n")
    assert [(one.line, one.sentence, one.instead) for one in check_language.find([page], [])] == [
        (2, "colour", '"color"')
    ]


def test_unknown_kind_is_refused(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text('[[rules]]\nfind = "x"\ninstead = ""\nkinds = ["proze"]\n')
    with pytest.raises(ValueError, match="unknown kinds"):
        check_language.read_rules(path)


def test_finding_fails_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check_language, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["check_language"])
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    page = tmp_path / "page.md"
    page.write_text("Write it anew.\n")
    assert check_language.main() == 1
    assert capsys.readouterr().out == 'page.md:1: Write it anew.: "again"\n'
    page.write_text("Write it again.\n")
    assert check_language.main() == 0
