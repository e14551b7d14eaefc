"""The line in Simplified Chinese: which language counts, sentences, help texts."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from alink_factory import language
from alink_factory.board.doctor import Finding
from alink_factory.cli import app
from alink_factory.errors import BatchError
from alink_factory.job.progress import Outcome
from alink_factory.job.verify import Check
from alink_factory.screen.failure_list import failure_list
from alink_factory.screen.log_lines import LogLines
from alink_factory.screen.state import Failure
from alink_factory.verbs import help_texts, output

LOST = "the connection to the board was lost"
KERNEL = "The kernel has not loaded a driver: run `dmesg` to see what it found."
ADVICE = "Check the cable and the plug, then plug the board in again."


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    """All in Chinese; other tests go on in English."""
    language.use(language.CHINESE)
    yield
    language.use(language.ENGLISH)


def test_log_lines_are_chinese_and_json_is_not():
    text, data = io.StringIO(), io.StringIO()
    LogLines(data, as_json=True).say("Scanned 1001: plug in its board.")
    assert json.loads(data.getvalue()) == {
        "event": "message",
        "text": "Scanned 1001: plug in its board.",
    }
    outcome = Outcome("tty1", "failed", "a0b765123456", "lamp-1", detail=LOST, advice=ADVICE)
    LogLines(text, as_json=False).outcome(outcome, is_last=False)
    LogLines(data, as_json=True).outcome(outcome, is_last=True)
    assert text.getvalue().endswith(
        "与板子的连接中断。请检查线缆和插头，然后重新插上板子。  产线会自动重试。\n"
    )
    assert LOST in data.getvalue()


@pytest.mark.parametrize(
    ("english", "translated"),
    [
        ("a is 2.9 V; allowed range is 3.1 to 3.5 V", "a 为 2.9 V；允许范围为 3.1 到 3.5 V"),
        ("lamps.csv line 3: DeviceName is missing", "lamps.csv line 3：缺少 DeviceName"),
        ("/dev/ttyUSB0 is busy: another program has it open", "/dev/ttyUSB0 正忙：被其他程序打开"),
        ("done", "完成"),
        (
            f"Burn it with esptool. {KERNEL}",
            "请用 esptool 烧录。内核没有加载驱动：请运行 `dmesg` 查看。",
        ),
        ("an unknown text", "an unknown text"),
    ],
)
def test_values_stay_in_their_sentence(english, translated):
    assert language.text(english) == translated


@pytest.mark.parametrize(
    ("arguments", "environment", "wanted"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "en_US.UTF-8", "ALINK_LANG": "zh"}, "zh_CN"),
        (["plan", "b.toml", "--lang", "zh"], {}, "zh_CN"),
        (["--lang=en", "plan"], {"LANG": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_option_counts_before_the_environment(arguments, environment, wanted):
    assert language.of_arguments(arguments, environment) == wanted
    assert language.without_option(arguments) in ([], ["plan"], ["plan", "b.toml"])


def test_unknown_language_is_refused():
    with pytest.raises(BatchError, match="--lang is 'fr': use en or zh"):
        language.of_arguments(["--lang", "fr"], {})


@pytest.mark.parametrize("width", [64, 80])
def test_help_texts_fit_their_width(monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERMINAL_WIDTH", str(width))
    with pytest.raises(SystemExit):
        help_texts.translated(app)(["run", "--help"], prog_name="alink-burn")
    page = capsys.readouterr().out
    assert "烧录插入的每块板子，直到批次完成。" in page
    assert max(map(cell_len, page.splitlines())) <= width


def test_long_text_without_blanks_is_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = "没有空格的长句子" * 9
    found = Finding("ports", is_good=False, seen=text, advice=text)
    output.findings([found], as_json=False)
    output.checks([Check("identity", is_good=True, seen=text)], as_json=False)
    failure = Failure("tty1", 1, "", "", "lamp-1", text, text, is_tried=False)
    Console(width=40).print(failure_list([failure], width=40, is_whole=True))
    assert "".join(capsys.readouterr().out.split()).count(text) == 5


def test_errors_are_chinese_on_standard_error(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "alink_factory", "plan", "absent.toml", "--lang", "zh"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2, "alink-burn: absent.toml：No such file or directory：请指定批次文件\n",
    )  # fmt: skip
