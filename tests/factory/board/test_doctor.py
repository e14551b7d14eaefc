"""The doctor: checks of programs, ports and chips, each with advice."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from alink_factory.board import doctor
from alink_factory.board.esptool import identified
from alink_factory.cli import app
from tests.factory.workshop import Workshop

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def _examine(workshop: Workshop, *ports: str) -> dict[str, doctor.Finding]:
    made = doctor.examine(ports, lambda port: identified(port, scratch=workshop.folder))
    return {one.what: one for one in made}


def test_the_doctor_finds_programs_chip_and_flash(workshop: Workshop):
    port = str(workshop.pty(workshop.flash(), mac="a0b765123456").path)
    found = _examine(workshop, port)
    assert all(one.is_good for one in found.values()), found
    assert found["esptool"].seen.startswith("5.")
    assert found["mpremote"].seen.startswith("1.")
    assert found[f"{port} chip"].seen == "esp32, MAC a0b765123456"
    assert found[f"{port} flash"].seen == "4MB"
    assert "hold BOOT" in found[port].seen


def test_doctor_reports_dead_flash_and_missing_port(workshop: Workshop):
    port = str(workshop.pty(workshop.flash(), flash_id=0xFFFFFF).path)
    found = _examine(workshop, port, "/dev/ttyNONE")
    assert not found[f"{port} flash"].is_good
    assert "repair" in found[f"{port} flash"].advice
    assert not found["/dev/ttyNONE"].is_good
    assert "cable" in found["/dev/ttyNONE"].advice


def test_port_without_permission_names_the_group(workshop: Workshop, monkeypatch):
    port = workshop.folder / "tty"
    port.touch(mode=0)
    monkeypatch.setattr(os, "access", lambda *_: False)  # Root may open everything.
    finding = _examine(workshop, str(port))[str(port)]
    assert "permission" in finding.seen
    assert "usermod -aG" in finding.advice


def test_no_port_at_all_is_advice_not_silence(workshop: Workshop, monkeypatch):
    monkeypatch.setattr("alink_factory.board.ports.listed", list)
    assert "cable" in _examine(workshop)["ports"].advice


def test_the_command_says_what_to_do_and_fails(workshop: Workshop):
    done = CliRunner().invoke(app, ["doctor", "--port", "/dev/ttyNONE", "--json"])
    assert done.exit_code == 1
    findings = [json.loads(line) for line in done.output.splitlines()]
    assert [one["what"] for one in findings if not one["is_good"]] == ["/dev/ttyNONE"]


def test_wrapped_findings_are_indented(monkeypatch):
    long = "plug it in again " * 9
    found = doctor.Finding("ports", is_good=False, seen=long, advice=long)
    monkeypatch.setattr(doctor, "examine", lambda *_: [found])
    lines = CliRunner().invoke(app, ["doctor"]).output.splitlines()
    advice = next(n for n, line in enumerate(lines) if line.startswith("  → plug"))
    assert lines[0].startswith("✗ ports  plug")
    assert lines[1:advice]
    assert lines[advice + 1 :]
    for first, rest in ((9, lines[1:advice]), (4, lines[advice + 1 :])):
        assert all(line.startswith(" " * first) and line[first] != " " for line in rest)
    assert [line for line in lines if line != line.rstrip()] == []
