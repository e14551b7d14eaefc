"""Labels as PDF: one label a page for a label printer, or many on a sheet.

Codes are black rectangles, so every printer has them. Chinese text uses STSong-Light, a font that
PDF programs have and that the file only names, unless the batch names a TrueType file to embed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import BinaryIO

from reportlab.graphics.barcode import code128, qrencoder
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from alink_factory.batch.batch_file import Batch
from alink_factory.batch.label_template import LabelTemplate
from alink_factory.batch.rows import Row
from alink_factory.errors import BatchError
from alink_factory.labels import label
from alink_factory.labels.label import Label

_LATIN, _CHINESE, _OWN = "Helvetica", "STSong-Light", "label"
_PADDING = 1.5  # mm between the edge of a label and its content.
_NARROWEST = 0.19  # mm of a bar that a scanner reads.
_WIDEST = 0.5
_SMALLEST_MODULE = 0.25  # mm of a square of a QR code.
_QUIET = {"qr": 4, "code128": 10}  # Modules without ink on each side.
_SMALLEST, _LARGEST = 4.0, 14.0  # Points of the text.
_LEADING = 1.2


@dataclass(frozen=True)
class _Box:
    # A rectangle in points; its origin is at the bottom left.
    x: float
    y: float
    width: float
    height: float


def write(labels: Iterable[Label], template: LabelTemplate, stream: BinaryIO, *, skip: int) -> int:
    """Write a PDF; return the number of labels. Raises BatchError for one that does not fit.

    `skip` is the number of labels that are missing at the start of the first sheet.
    """
    width, height = (length * mm for length in template.sheet or template.size)
    canvas = Canvas(stream, pagesize=(width, height), pageCompression=1, invariant=1)
    canvas.setTitle("labels")
    drawing = _Drawing(canvas, template)
    count = 0
    for one, box in zip(labels, _boxes(template, canvas, skip), strict=False):
        drawing.draw(one, box)
        count += 1
    canvas.showPage()
    canvas.save()
    return count


def save(labels: Iterable[Label], template: LabelTemplate, target: Path, *, skip: int = 0) -> int:
    """Write a PDF file; return the number of labels. Raises BatchError."""
    data = BytesIO()
    count = write(labels, template, data, skip=skip)
    try:
        target.write_bytes(data.getvalue())
    except OSError as error:
        raise BatchError(f"{target}: {error.strerror}") from error
    return count


def rehearse(batch: Batch, listed: Sequence[Row]) -> None:
    """Draw the label of the row with the longest values. Raises BatchError if it does not fit."""
    template = label.template(batch, listed)
    longest = max(listed, key=lambda row: len(row.device_name) + len(row.serial))
    write([label.example(batch, template, longest)], template, BytesIO(), skip=0)


def _boxes(template: LabelTemplate, canvas: Canvas, skip: int) -> Iterator[_Box]:
    # The place of each label, page by page.
    across, down = template.grid
    width, height = (length * mm for length in template.size)
    margin = template.margin if template.sheet else (0.0, 0.0)
    left, top = (length * mm for length in margin)
    gap_x, gap_y = (length * mm for length in template.gap)
    page = (template.sheet or template.size)[1] * mm
    number = skip % (across * down)
    is_first = True
    while True:
        if number == across * down:
            number = 0
        if number == 0 and not is_first:
            canvas.showPage()
        is_first = False
        row, column = divmod(number, across)
        y = page - top - height - row * (height + gap_y)
        yield _Box(left + column * (width + gap_x), y, width, height)
        number += 1


class _Drawing:
    def __init__(self, canvas: Canvas, template: LabelTemplate) -> None:
        self._canvas = canvas
        self._dot = 72 / template.dpi if template.dpi else 0.0
        self._has_own_font = template.font is not None
        pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))
        if template.font:
            try:
                pdfmetrics.registerFont(ttfonts.TTFont(_OWN, str(template.font)))
            except (ttfonts.TTFError, OSError) as error:
                raise BatchError(f"labels.font: {template.font}: {error}") from error

    def draw(self, label: Label, box: _Box) -> None:
        padding = _PADDING * mm
        inner = _Box(
            box.x + padding, box.y + padding, box.width - 2 * padding, box.height - 2 * padding
        )
        if label.code128:
            share = 0.3 if label.qr or len(label.texts) > 1 else 0.5
            bars = _Box(inner.x, inner.y, inner.width, inner.height * share)
            self._bars(label, bars)
            inner = _above(inner, bars.height + padding)
        if label.qr:
            inner = self._qr(label, inner)
        if label.texts:
            self._texts(label, inner)

    def _qr(self, label: Label, box: _Box) -> _Box:
        # Draws at the left of a wide box and at the top of a tall one; returns the free part.
        code = qrencoder.QRCode(None, qrencoder.QRErrorCorrectLevel.M)
        content = label.qr if label.qr.isascii() else qrencoder.QR8bitByte(label.qr)
        code.addData(content)
        code.make()
        rows = code.modules
        modules = len(rows) + 2 * _QUIET["qr"]
        is_wide = box.width >= box.height or not label.texts
        side = min(box.width, box.height) if is_wide else min(box.width, box.height * 0.7)
        module = self._whole_dots(side / modules)
        least = self._least(_SMALLEST_MODULE * mm)
        if module < least:
            raise _too_narrow(label, "QR code", len(label.qr), modules * least)
        side = module * modules
        x = box.x if label.texts and is_wide else box.x + (box.width - side) / 2
        y = box.y + (box.height - side) / 2 if is_wide else box.y + box.height - side
        x = self._whole_dots(x + _QUIET["qr"] * module)
        y = self._whole_dots(y + side - (_QUIET["qr"] + 1) * module)
        for down, row in enumerate(rows):
            for start, length in _runs(row):
                self._ink(x + start * module, y - down * module, length * module, module)
        if is_wide:
            return _Box(box.x + side, box.y, box.width - side, box.height)
        return _Box(box.x, box.y, box.width, box.height - side)

    def _bars(self, label: Label, box: _Box) -> None:
        try:
            drawn = code128.Code128(label.code128, barWidth=1, quiet=0)
            modules = drawn.width + 2 * _QUIET["code128"]
        except (KeyError, ValueError, AssertionError) as error:
            raise _not_ascii(label) from error
        if not label.code128.isascii() or drawn.validated != label.code128:
            raise _not_ascii(label)
        module = self._whole_dots(min(box.width / modules, _WIDEST * mm))
        least = self._least(_NARROWEST * mm)
        if module < least:
            raise _too_narrow(label, "Code 128", len(label.code128), modules * least)
        drawn = code128.Code128(
            label.code128, barWidth=module, barHeight=box.height, quiet=0, humanReadable=False
        )
        x = self._whole_dots(box.x + (box.width - drawn.width) / 2)
        drawn.drawOn(self._canvas, x, box.y)

    def _texts(self, label: Label, box: _Box) -> None:
        fonts = [self._font(label, text) for text in label.texts]
        widest = max(
            pdfmetrics.stringWidth(text, font, 1)
            for text, font in zip(label.texts, fonts, strict=True)
        )
        size = min(_LARGEST, box.width / widest, box.height / (_LEADING * len(fonts)))
        if size < _SMALLEST:
            longest = max(label.texts, key=len)
            raise BatchError(
                f"the label of {label.name} has no space for {longest!r}: make labels.size "
                "larger or the text shorter"
            )
        y = box.y + (box.height + size * _LEADING * len(fonts)) / 2 - size
        for text, font in zip(label.texts, fonts, strict=True):
            self._canvas.setFont(font, size)
            self._canvas.drawString(box.x, y, text)
            y -= size * _LEADING

    def _font(self, label: Label, text: str) -> str:
        if self._has_own_font:
            return _OWN
        if all(ord(one) < 0x100 for one in text):
            return _LATIN
        if any(ord(one) > 0xFFFF for one in text):
            raise BatchError(f"the label of {label.name} has a character without a font: {text!r}")
        return _CHINESE

    def _whole_dots(self, length: float) -> float:
        # A bar of 2.6 dots would be printed with 2 or 3: scanners need equal ones.
        return length // self._dot * self._dot if self._dot else length

    def _least(self, length: float) -> float:
        return ceil(length / self._dot) * self._dot if self._dot else length

    def _ink(self, x: float, y: float, width: float, height: float) -> None:
        self._canvas.rect(x, y, width, height, stroke=0, fill=1)


def _above(box: _Box, height: float) -> _Box:
    return _Box(box.x, box.y + height, box.width, box.height - height)


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    # The start and length of each run of black squares.
    start = None
    for at, is_black in enumerate([*row, False]):
        if is_black and start is None:
            start = at
        elif not is_black and start is not None:
            yield start, at - start
            start = None


def _too_narrow(label: Label, what: str, characters: int, least: float) -> BatchError:
    return BatchError(
        f"the label of {label.name} has no space for a {what} of {characters} characters, which "
        f"needs {ceil(least / mm + 2 * _PADDING)} mm: make labels.size larger or the code shorter"
    )


def _not_ascii(label: Label) -> BatchError:
    return BatchError(f"the label of {label.name}: Code 128 cannot hold {label.code128!r}")
