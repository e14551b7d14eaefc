"""The 32-bit interpreter from Debian: shell scripts imitate apt and dpkg, with failures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alink_sim.toolchain import ToolchainError, debian

ARCHIVE = "http://archive.invalid/debian/"

APT_GET = """\
#!/bin/sh
sources=${APT_CONFIG%/*}/suite.sources
case "$*" in
*indextargets*) cat "$FAKE/targets" ;;
*update*) for bad in $(cat "$FAKE/bad-suites"); do
    if grep -q "Suites: $bad" "$sources"; then
        echo "W: a warning comes first" >&2
        echo "E: Failed to fetch Packages.xz  File has unexpected size (1 != 2)." >&2
        exit 100
    fi; done; cp "$sources" "$FAKE/used"; cp "$APT_CONFIG" "$FAKE/configuration" ;;
*install*) touch "${APT_CONFIG%/*}/archives/micropython.deb" ;;
esac
"""

DPKG_DEB = """\
#!/bin/sh
lib=$3/usr/lib/i386-linux-gnu
mkdir -p "$lib" "$3/usr/bin"
echo program >"$3/usr/bin/micropython"
cp "$FAKE/loader" "$lib/ld-linux.so.2"
chmod +x "$lib/ld-linux.so.2"
"""

APT_CONFIG = """\
#!/bin/sh
echo 'Acquire::http::Proxy "http://proxy.invalid:3128";'
echo 'Acquire::http::Timeout "1";'
echo 'APT::Architecture "amd64";'
"""

LOADER = '#!/bin/sh\nshift 3\necho "ran $*"\n'


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Return a machine whose apt knows one Debian archive; tests edit its files."""
    folder = tmp_path / "fake"
    (folder / "bin").mkdir(parents=True)
    programs = {"apt-get": APT_GET, "dpkg-deb": DPKG_DEB, "apt-config": APT_CONFIG}
    for name, text in programs.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    (folder / "targets").write_text(f"{ARCHIVE}-security/ Debian\n{ARCHIVE} Debian\n")
    (folder / "bad-suites").write_text("")
    (folder / "loader").write_text(LOADER)
    (folder / "keyring.gpg").touch()
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    monkeypatch.delenv(debian.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(debian, "KEYRING", folder / "keyring.gpg")
    return folder


def install(prefix: Path) -> Path:
    debian.install(prefix, architecture="i386")
    return debian.program(prefix, architecture="i386")


def test_stable_is_used_if_its_index_matches(fake, tmp_path):
    program = install(tmp_path / "unix32")
    assert "Suites: trixie\n" in (fake / "used").read_text()
    assert f"URIs: {ARCHIVE}\n" in (fake / "used").read_text()
    done = subprocess.run([program, "-c", "x"], capture_output=True, text=True, check=True)
    assert done.stdout == "ran -c x\n"


def test_next_release_replaces_mismatched_stable_index(fake, tmp_path):
    (fake / "bad-suites").write_text("trixie")
    assert install(tmp_path / "unix32").is_file()
    assert "Suites: forky\n" in (fake / "used").read_text()


def test_expired_release_file_still_needs_its_signature(fake, tmp_path):
    install(tmp_path / "unix32")
    assert "Check-Valid-Until: no\n" in (fake / "used").read_text()
    assert f"Signed-By: {fake}/keyring.gpg\n" in (fake / "used").read_text()


def test_two_refused_releases_report_both_reasons(fake, tmp_path):
    (fake / "bad-suites").write_text("trixie forky")
    with pytest.raises(ToolchainError) as caught:
        install(tmp_path / "unix32")
    text = str(caught.value)
    assert "\n" not in text
    assert "trixie: Failed to fetch" in text
    assert "forky: Failed to fetch" in text
    assert text.endswith("then run `make interpreters`.")
    assert not (tmp_path / "unix32").exists()


def test_only_proxy_of_apt_configuration_is_kept(fake, tmp_path):
    install(tmp_path / "unix32")
    configuration = (fake / "configuration").read_text()
    assert 'Acquire::http::Proxy "http://proxy.invalid:3128";' in configuration
    assert 'APT::Architecture "i386";' in configuration
    assert "amd64" not in configuration


def test_interpreter_that_cannot_start_is_not_installed(fake, tmp_path):
    (fake / "loader").write_text("#!/bin/sh\necho 'Exec format error' >&2\nexit 126\n")
    with pytest.raises(ToolchainError, match="Exec format error"):
        install(tmp_path / "unix32")
    assert not (tmp_path / "unix32").exists()


def test_installed_interpreter_is_kept_without_apt(fake, tmp_path):
    install(tmp_path / "unix32")
    (fake / "bad-suites").write_text("trixie forky")
    assert install(tmp_path / "unix32").is_file()


def test_prefix_can_be_moved(fake, tmp_path):
    install(tmp_path / "unix32")
    (tmp_path / "unix32").rename(tmp_path / "elsewhere")
    program = debian.program(tmp_path / "elsewhere", architecture="i386")
    assert subprocess.run([program, "-c", "x"], check=False).returncode == 0


def test_archive_in_environment_wins(fake, tmp_path, monkeypatch):
    monkeypatch.setenv(debian.MIRROR_VARIABLE, "http://own.invalid/debian")
    install(tmp_path / "unix32")
    assert "URIs: http://own.invalid/debian\n" in (fake / "used").read_text()


def test_missing_debian_archive_names_the_variable(fake, tmp_path):
    (fake / "targets").write_text("http://archive.invalid/ubuntu/ Ubuntu\n")
    with pytest.raises(ToolchainError, match=debian.MIRROR_VARIABLE):
        install(tmp_path / "unix32")


def test_missing_apt_is_reported(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="apt-get is not installed: use Debian or Ubuntu"):
        install(tmp_path / "unix32")


def test_missing_keyring_names_its_package(fake, tmp_path):
    (fake / "keyring.gpg").unlink()
    with pytest.raises(ToolchainError, match="debian-archive-keyring"):
        install(tmp_path / "unix32")
