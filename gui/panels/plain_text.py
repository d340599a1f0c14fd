"""Text that may hold anything, as names of files do: shown as it is, and never wider than its place.

Qt takes a text with tags for rich text wherever it is not told otherwise, and it breaks lines between words
only, so that one long name would widen a window beyond the screen.
"""

from __future__ import annotations

import math
import re
import unicodedata
from html import escape

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QTextDocument, QTextOption
from PyQt5.QtWidgets import QFrame, QLabel, QMessageBox, QSizePolicy, QStyleOption, QTextEdit, QWidget

from mivos_studio.one_line import one_line

_BREAK = "\u200b"
"""A space without width: a line may end there."""
_LONG_WORD = re.compile(r"[^\s/]{40,}")  # a line may end behind a slash anyway
_PIECE = 8
_JOINED = frozenset({"Mn", "Mc", "Me", "Cf"})
"""Unicode categories of what belongs to the character before it, or joins two."""
_LONGEST_TOOLTIP_LINE = 100
_LEAST_WIDTH_PX = 40


def plain_label(text: str = "") -> QLabel:
    """Return a label that shows a text as it is, whatever tags it has."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    return label


def set_plain_texts(box: QMessageBox, text: str, information: str = "") -> None:
    """Show a text in a message box, and paragraphs below it, as they are and in lines that fit."""
    box.setText(breakable(text))
    box.setInformativeText("\n\n".join(map(breakable, information.split("\n\n"))))
    for label in box.findChildren(QLabel):  # setTextFormat is for the first of them alone
        label.setTextFormat(Qt.TextFormat.PlainText)


def shortened(text: str, most: int) -> str:
    """Return a text as a line of at most so many characters, cut in the middle."""
    line = one_line(text)
    if len(line) <= most:
        return line
    end = (most - 1) // 2
    return f"{line[: most - 1 - end]}…{line[-end:]}"


def breakable(text: str) -> str:
    """Return a text as a line whose long words may be broken, for labels that nothing is copied from."""
    return _LONG_WORD.sub(lambda word: _in_pieces(word[0]), one_line(text))


def tooltip_text(text: str) -> str:
    """Return a text of one or several lines as a tooltip that shows it as it is, wrapped where it is long."""
    lines = [one_line(line) for line in text.splitlines()]
    is_plain = "<" not in text and "&" not in text
    if is_plain and max(map(len, lines), default=0) <= _LONGEST_TOOLTIP_LINE:
        return "\n".join(lines)
    return f"<qt>{'<br>'.join(escape(breakable(line)) for line in lines)}</qt>"


def menu_text(text: str, most: int = 80) -> str:
    """Return a text as that of a menu entry, which has no access key and no shortcut from it."""
    return shortened(text, most).replace("&", "&&")


class ElidedLabel(QLabel):
    """One line of plain text, cut in the middle where it is too long, and never wider than its place."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """A width at which there is nothing to be read, but the window stays as small as the user wants."""
        least = super().minimumSizeHint()
        return QSize(min(least.width(), _LEAST_WIDTH_PX), least.height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint as much of the text as fits."""
        del event
        option, style, area = QStyleOption(), self.style(), self.contentsRect()
        option.initFrom(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, area.width())
        if style is not None:
            style.drawItemText(
                QPainter(self), area, int(self.alignment()), option.palette, self.isEnabled(), text,
                self.foregroundRole(),
            )  # fmt: skip


class WrappedText(QTextEdit):
    """Some lines of plain text to be read and copied, which break inside a word where it is too long."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self._wrapping = QTextOption()
        self._wrapping.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setWordWrapMode(self._wrapping.wrapMode())
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAcceptDrops(False)  # the window opens what is dropped
        self.setFrameShape(QFrame.Shape.NoFrame)
        for hide in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            hide(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        document = self.document()
        if document is not None:
            document.setDocumentMargin(0)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def text(self) -> str:
        """What is shown."""
        return self.toPlainText()

    def set_text(self, text: str) -> None:
        """Show a text as one line, broken where it has to be."""
        self.setPlainText(one_line(text))
        self.updateGeometry()

    def heightForWidth(self, width: int) -> int:  # noqa: N802 Qt's name
        """The height of all lines at a width."""
        margins = self.contentsMargins()
        document = QTextDocument()
        document.setDefaultFont(self.font())
        document.setDefaultTextOption(self._wrapping)
        document.setDocumentMargin(0)
        document.setPlainText(self.text)
        document.setTextWidth(width - margins.left() - margins.right())
        return math.ceil(document.size().height()) + margins.top() + margins.bottom()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """One line: the layout gives it the height for its width."""
        return QSize(_LEAST_WIDTH_PX, self.fontMetrics().height())

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """The height for the width it has."""
        return QSize(self.width(), self.heightForWidth(self.width()))


def _in_pieces(word: str) -> str:
    """Allow a break about every eighth character, never between one and an accent or joiner behind it."""
    parts = []
    for place, character in enumerate(word):
        is_joined = any(unicodedata.category(each) in _JOINED for each in (character, word[place - 1]))
        if place and place % _PIECE == 0 and not is_joined:
            parts.append(_BREAK)
        parts.append(character)
    return "".join(parts)
