"""Labels: texts and codes are read back from the PDF, and no secret is ever on one."""

from __future__ import annotations

import io
import itertools
import json
import re
import shlex
import sys
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from typer.testing import CliRunner

from alink_factory.batch import batch_file, plan
from alink_factory.batch.rows import Row
from alink_factory.cli import app
from alink_factory.errors import BatchError
from alink_factory.labels import label, pdf, printer
from alink_factory.ledger import Ledger
from tests.factory.workshop import KEY, SECRET, Workshop

ROWS = (
    "DeviceName,SerialNumber,DeviceSecret,x-color,x-名称\n"
    "lamp-0001,SN-20260001,DevSecret0001,red,客厅的灯\n"
    "lamp-0002,SN-20260002,,green,厨房的灯\n"
    "lamp-0003,SN-20260003,,blue,灯\n"
)
PLAIN = 'size = [50, 25]\nqr = "{product_key},{device_name}"'
BOTH = """size = [60, 30]
qr = "{SN}"
code128 = "{DeviceName}"
text = ["{x-名称}", "SN {serial}", "{x-color}"]"""
DPI = 300


class Page:
    """A page of a PDF: its text, and the codes that a decoder finds in its picture."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self.size = tuple(round(points / 72 * 25.4, 1) for points in page.get_size())
        self.text = page.get_textpage().get_text_range()
        self.picture = page.render(scale=DPI / 72).to_pil()
        found = zxingcpp.read_barcodes(self.picture)
        self.codes = sorted((one.format.name, one.text) for one in found)


def pages(data: bytes) -> list[Page]:
    return [Page(page) for page in pypdfium2.PdfDocument(data)]


def batch_with(workshop: Workshop, labels: str = PLAIN, rows: str = ROWS) -> Path:
    return workshop.batch(rows=rows, more=f"[labels]\n{labels}")


def done(ledger: Ledger, *names: str) -> None:
    """Put finished boards into the ledger."""
    for number, name in enumerate(names, 1):
        row = Row(key=name, csv_line=number, counter=number, product_key=KEY, device_name=name)
        claim = ledger.claim("lamps", [row], mac=f"a0b76500000{number}")
        assert claim
        ledger.advance(claim, "done")


def drawn(workshop: Workshop, labels: str, *, row: int = 0) -> list[Page]:
    """Return the label of a row that no board has."""
    loaded = plan.load(batch_with(workshop, labels))
    template = label.template(loaded.batch, loaded.rows)
    stream = io.BytesIO()
    made = label.example(loaded.batch, template, loaded.rows[row])
    pdf.write([made], template, stream, skip=0)
    return pages(stream.getvalue())


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize(
    ("labels", "codes", "texts"),
    [
        (PLAIN, [("QRCode", f"{KEY},lamp-0001")], ["lamp-0001"]),
        (
            BOTH,
            [("Code128", "lamp-0001"), ("QRCode", "SN-20260001")],
            ["客厅的灯", "SN SN-20260001", "red"],
        ),
        ('size = [50, 20]\ncode128 = "{serial}"', [("Code128", "SN-20260001")], ["lamp-0001"]),
        ('size = [20, 40]\nqr = "名 {x-名称}"', [("QRCode", "名 客厅的灯")], ["lamp-0001"]),
        ('size = [50, 25]\nqr = "{serial}"\ndpi = 203', [("QRCode", "SN-20260001")], []),
        ('size = [30, 12]\ntext = ["{batch}"]', [], ["lamps"]),
    ],
)
def test_codes_and_texts_are_read_back(workshop: Workshop, labels, codes, texts):
    (page,) = drawn(workshop, labels)
    size = re.search(r"\[(\d+), (\d+)\]", labels)
    assert size
    assert page.size == (float(size[1]), float(size[2]))
    assert page.codes == codes
    for text in texts:
        assert text in page.text


def test_own_font_is_embedded(workshop: Workshop):
    import reportlab

    font = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    (workshop.folder / "vera.ttf").write_bytes(font.read_bytes())
    batch = batch_with(workshop, f'{PLAIN}\nfont = "vera.ttf"')
    target = workshop.folder / "labels.pdf"
    run("labels", batch, "--all", "-o", target)
    assert b"BitstreamVeraSans" in target.read_bytes()
    assert "lamp-0001" in pages(target.read_bytes())[0].text
    (workshop.folder / "vera.ttf").write_bytes(b"no font")
    with pytest.raises(BatchError, match=r"labels\.font: .*vera\.ttf"):
        run("labels", batch, "--all", "-o", target)


def test_bars_are_whole_dots_of_printer(workshop: Workshop):
    (page,) = drawn(workshop, 'size = [70, 25]\ncode128 = "{serial}"\ntext = []\ndpi = 75')
    dot = DPI // 75
    width, height = page.picture.size
    row = [page.picture.getpixel((x, height - 40))[0] < 128 for x in range(width)]
    edges = [x for x in range(1, width) if row[x] != row[x - 1]]
    bars = [after - before for before, after in itertools.pairwise(edges)]
    assert len(bars) > 50
    # The picture rounds each edge to a pixel.
    assert [bar for bar in bars if min(bar % dot, -bar % dot) > 1] == []


def test_sheet_is_filled_row_by_row(workshop: Workshop):
    rows = "DeviceName\n" + "".join(f"lamp-{number:04d}\n" for number in range(9))
    sheet = f"{PLAIN}\nsheet = [110, 60]\nmargin = [4, 4]\ngap = [2, 2]"
    batch, target = batch_with(workshop, sheet, rows), workshop.folder / "labels.pdf"
    assert f"{target}: 9 labels" in run("labels", batch, "--all", "-o", target, "--skip", 3)
    made = pages(target.read_bytes())
    assert [page.size for page in made] == [(110.0, 60.0)] * 3
    assert [[text[-1] for _, text in page.codes] for page in made] == [
        ["0"],
        ["1", "2", "3", "4"],
        ["5", "6", "7", "8"],
    ]


def test_whole_sheet_has_no_empty_page(workshop: Workshop):
    target = workshop.folder / "labels.pdf"
    run("labels", batch_with(workshop), "--all", "-o", target)
    assert len(pages(target.read_bytes())) == 3


def test_labels_are_those_of_finished_boards(workshop: Workshop):
    batch, target = batch_with(workshop), workshop.folder / "labels.pdf"
    ledger = workshop.ledger()
    done(ledger, "lamp-0002")
    run("labels", batch, "-o", target)
    assert [page.codes[0][1] for page in pages(target.read_bytes())] == [f"{KEY},lamp-0002"]
    run("labels", batch, "-o", target, "--name", "SN-20260003", "--name", "a0b765000001")
    assert [page.text.strip() for page in pages(target.read_bytes())] == ["lamp-0002", "lamp-0003"]
    with pytest.raises(BatchError, match="batch lamps has no board lamp-0009"):
        run("labels", batch, "-o", target, "--name", "lamp-0009")


def test_label_shows_what_ledger_knows(workshop: Workshop):
    text = 'text = ["{mac}", "{station} {operator}", "{test-supply}"]'
    tests = '[[tests]]\nname = "supply"\nprogram = ["true"]'
    batch = workshop.batch(rows=ROWS, more=f"[labels]\nsize = [60, 25]\n{text}\n{tests}")
    done(workshop.ledger(), "lamp-0001")
    target = workshop.folder / "labels.pdf"
    run("labels", batch, "-o", target)
    shown = pages(target.read_bytes())[0].text.split()
    assert shown == ["a0b765000001", "bench-1", "mei"]  # A text without its value is left out.


@pytest.mark.parametrize(
    "column",
    [
        "DeviceSecret",
        "device_secret",
        "ProductSecret",
        "产品密钥",
        "设备密钥",
        "x-secret",
        "wifi_password",
    ],
)
@pytest.mark.parametrize("key", ["qr", "code128", "text"])
def test_secret_columns_are_refused_by_name(workshop: Workshop, column: str, key: str):
    content = f"[{json.dumps('{' + column + '}')}]" if key == "text" else f'"{{{column}}}"'
    with pytest.raises(
        BatchError, match=f"labels.{key} names column .*: a label never shows a secret"
    ):
        batch_file.load(batch_with(workshop, f"size = [50, 25]\n{key} = {content}"))


def test_secret_in_another_column_is_refused(workshop: Workshop):
    target = workshop.folder / "labels.pdf"
    rows = "DeviceName,DeviceSecret,x-note\nlamp-0001,DevSecret0001,DevSecret0001\n"
    batch = batch_with(workshop, 'size = [50, 25]\ntext = ["{x-note}"]', rows)
    with pytest.raises(BatchError, match="lamp-0001: column x-note holds a secret") as error:
        run("labels", batch, "--all", "-o", target)
    assert "DevSecret0001" not in str(error.value)
    assert not target.exists()


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("size = [50]", r"labels\.size is \[50\.0\]; write two lengths in mm, 5 to 2000"),
        ("size = [50, 3]", r"labels\.size is"),
        (f'{PLAIN}\nsheet = "A7"', r"labels\.sheet is 'A7'; use A4 or Letter"),
        (f"{PLAIN}\nsheet = [40, 40]", r"labels\.size does not fit labels\.sheet"),
        (f'{PLAIN}\nsheet = "A4"\nprint = ["lp"]', r"labels\.print prints single labels"),
        (f'{PLAIN}\ntext = ["{{serial"]', r"labels: '\{serial'"),
        (f'{PLAIN}\ntext = ["{{serial:>9}}"]', "write only a column between braces"),
        (f'{PLAIN}\ntext = ["{{seril}}"]', r"text names column seril: did you mean serial\?"),
        (f'{PLAIN}\ntext = ["{{x-colour}}"]', r"did you mean x-color\?"),
        (f'{PLAIN}\nprint = ["no-printer"]', r"labels\.print: the program no-printer was not"),
        (f'{PLAIN}\nfont = "none.ttf"', r"labels\.font: .*none\.ttf was not found"),
        ('size = [20, 10]\ncode128 = "{serial}"', r"no space for a Code 128 of 11 characters"),
        ('size = [50, 10]\ncode128 = "{serial}"\ndpi = 75', "which needs 52 mm"),
        ('size = [8, 8]\nqr = "{serial}{serial}{serial}"', r"no space for a QR code of 33"),
        ('size = [12, 12]\ntext = ["{x-名称}{serial}{serial}"]', r"the label of lamp-0001 has no"),
        ('size = [50, 25]\ncode128 = "{x-名称}"', r"Code 128 cannot hold '客厅的灯'"),
    ],
)
def test_plan_refuses_label_with_a_sentence(workshop: Workshop, labels: str, sentence: str):
    with pytest.raises(BatchError, match=sentence):
        run("plan", batch_with(workshop, labels))


def test_batch_without_labels_says_so(workshop: Workshop):
    with pytest.raises(BatchError, match=r"\[labels\] is missing"):
        run("labels", workshop.batch(rows=ROWS), "--all", "-o", "x.pdf")
    with pytest.raises(BatchError, match="name a PDF with --output, or use --print"):
        run("labels", batch_with(workshop))


def test_code_of_an_empty_column_is_refused(workshop: Workshop):
    batch = batch_with(workshop, 'size = [50, 25]\nqr = "{mac}"')
    with pytest.raises(BatchError, match=r"lamp-0001 has no mac, which labels\.qr needs"):
        run("labels", batch, "--all", "-o", workshop.folder / "x.pdf")


def printing(workshop: Workshop, script: str) -> str:
    """Return the lines of [labels] that print with a Python script in the batch's folder."""
    (workshop.folder / "print.py").write_text(script)
    command = json.dumps([sys.executable, "print.py", "{file}"])
    return f"{PLAIN}\nprint = {command}"


KEEP = (
    "import pathlib, sys\npathlib.Path('printed.pdf').write_bytes(open(sys.argv[1], 'rb').read())"
)


def test_green_board_gets_its_label(workshop: Workshop):
    batch = batch_with(workshop, printing(workshop, KEEP))
    port = workshop.pty(workshop.flash())
    run("flash", batch, "--port", port.path, "--no-boot-check")
    (page,) = pages((workshop.folder / "printed.pdf").read_bytes())
    assert page.codes == [("QRCode", f"{KEY},lamp-0001")]
    (workshop.folder / "printed.pdf").unlink()
    run("flash", batch, "--port", port.path, "--no-boot-check")
    assert not (workshop.folder / "printed.pdf").exists()  # It was done before.
    assert "1 labels were sent" in run("labels", batch, "--print", "--name", "lamp-0001")
    assert (workshop.folder / "printed.pdf").exists()


def printed_first_label(workshop: Workshop, batch: Path) -> tuple[list[str], list[str]]:
    """Finish the first board; return what the operator reads, and the names without a label."""
    made, ledger = plan.load(batch), workshop.ledger()
    said: list[str] = []
    claim = ledger.claim("lamps", made.rows, mac="a0b765000001")
    assert claim
    with printer.running(made, ledger) as running:
        running.on_failure = said.append
        running.put(ledger.advance(claim, "done"))
    return said, running.unprinted


def test_failed_printer_names_the_label(workshop: Workshop):
    batch = batch_with(workshop, printing(workshop, "raise SystemExit('no paper')"))
    reason = f'{sys.executable} ended with exit code 1: "no paper"'
    said, unprinted = printed_first_label(workshop, batch)
    assert said == [f"the label of lamp-0001 was not printed: {reason}"]
    assert unprinted == ["lamp-0001"]


def test_label_with_product_secret_is_not_printed(workshop: Workshop):
    rows = f"DeviceName,x-note\nlamp-0001,{SECRET}\n"
    text = printing(workshop, KEEP) + '\ntext = ["{x-note}"]'
    said, _ = printed_first_label(workshop, batch_with(workshop, text, rows))
    assert "holds a secret" in said[0]
    assert SECRET not in said[0]
    assert not (workshop.folder / "printed.pdf").exists()


def test_unprinted_labels_have_their_command(workshop: Workshop, capsys):
    from alink_factory.verbs import output

    made = plan.load(batch_with(workshop))
    failed = printer.Printer(label.template(made.batch), made, workshop.ledger())
    failed.unprinted = ["lamp-0001", "lamp 2"]
    output.unprinted(failed, Path("lamps.toml"))
    said = capsys.readouterr().err
    assert "2 labels were not printed; `alink-burn labels lamps.toml --print" in said
    assert shlex.quote("lamp 2") in said
