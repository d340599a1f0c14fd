"""The style sheet: qdarkstyle and a few rules on top of it."""

from __future__ import annotations

import qdarkstyle
from PyQt5.QtGui import QFont
from PyQt5.QtWidgets import QApplication

# Dark and nearly grey, so that the colours of footage are judged without tint beside them.
ACCENT = "#3d8fe0"
PANEL = "#1d2127"
GROUND = "#15181d"
RAISED = "#282d35"
EDGE = "#343b46"
TEXT = "#d7dce5"
QUIET = "#8b95a5"
ERROR = "#ff8f86"

_RULES = f"""
QWidget, QWidget:disabled {{ background-color: {PANEL}; }}
QWidget {{ color: {TEXT}; }}
QMainWindow, QMenuBar, QMenu, QStatusBar, QDialog {{ background-color: {PANEL}; }}
QMenuBar {{ border: 0; padding: 1px 6px; }}
QMenuBar::item {{ background: transparent; padding: 4px 9px; }}
QMenuBar::item:selected, QMenu::item:selected {{ background-color: {ACCENT}; color: white; }}
QMenu, QMenu:disabled {{ border: 1px solid {EDGE}; padding: 4px; }}
QMenu::item {{ background-color: {PANEL}; }}
QMenu::separator {{ background-color: {EDGE}; margin: 4px 0; }}
QStatusBar {{ border: 0; border-top: 1px solid {EDGE}; font-size: 12px; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ background: transparent; color: {QUIET}; padding: 1px 6px; }}
QToolTip {{ background-color: {RAISED}; color: {TEXT}; border: 1px solid {EDGE}; padding: 4px; }}
#side, #side_content, #tool_panel, #view_bar, #transport, #object_panel, #history_panel,
#propagation_panel, #transport_keys {{
    background-color: {PANEL}; border: 0; }}
#tool_panel {{ border-right: 1px solid {EDGE}; }}
#side {{ border-left: 1px solid {EDGE}; }}
#view_bar {{ border-bottom: 1px solid {EDGE}; }}
#transport {{ border-top: 1px solid {EDGE}; }}
#canvas {{ border: 0; border-radius: 0; padding: 0; }}
#object_row, #sheet_section {{ background: transparent; }}
#object_row QLineEdit {{ background: {GROUND}; border: 1px solid {ACCENT}; border-radius: 3px;
    padding: 2px 3px; min-height: 0; }}
#object_row QLineEdit[readOnly="true"] {{ background: transparent; border-color: transparent; }}
QLabel {{ background: transparent; }}
QLabel[role="heading"] {{ color: {QUIET}; font-size: 11px; font-weight: 600; padding: 2px 0; }}
QLabel[role="error"] {{ color: {ERROR}; font-size: 12px; }}
QLabel[role="quiet"] {{ color: {QUIET}; font-size: 12px; }}
QLabel[role="figure"] {{ font-size: 13px; }}
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 4px; }}
QToolButton[popupMode="0"], QToolButton:checked:disabled {{ padding: 4px; }}
QToolButton:hover {{ background-color: {RAISED}; border-color: {EDGE}; }}
QToolButton:pressed {{ background-color: {EDGE}; }}
QToolButton:checked {{ background-color: {ACCENT}; border-color: {ACCENT}; }}
QToolButton:disabled {{ background: transparent; border-color: transparent; color: #5a6270; }}
QToolButton[role="plain"] {{ background-color: {RAISED}; border-color: {EDGE}; }}
QToolButton[role="plain"]:hover {{ background-color: #323944; }}
QToolButton[role="plain"]:disabled {{ background-color: #20242a; border-color: #2a3038; }}
QPushButton {{ background-color: {RAISED}; border: 1px solid {EDGE}; border-radius: 5px; padding: 6px 12px;
    min-height: 18px; }}
QPushButton:hover {{ background-color: #323944; }}
QPushButton:disabled {{ background-color: #20242a; color: #5a6270; border-color: #2a3038; }}
QPushButton[role="primary"], QToolButton[role="primary"] {{ background-color: {ACCENT};
    border-color: {ACCENT}; color: white; font-weight: 600; }}
QPushButton[role="primary"]:hover, QToolButton[role="primary"]:hover {{ background-color: #4c9cec; }}
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled {{ background-color: #24364a;
    border-color: #24364a; color: #6f8195; }}
QComboBox {{ background-color: {RAISED}; border: 1px solid {EDGE}; border-radius: 5px; padding: 3px 8px;
    min-height: 20px; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: url(":/qss_icons/dark/rc/arrow_down.png"); }}
QComboBox QAbstractItemView {{ background-color: {PANEL}; border: 1px solid {EDGE}; }}
QLineEdit {{ background-color: {GROUND}; border: 1px solid {EDGE}; border-radius: 5px; padding: 3px 8px;
    min-height: 20px; }}
QLineEdit:focus, QComboBox:focus {{ border-color: {ACCENT}; }}
QListView {{ background-color: {GROUND}; border: 1px solid {EDGE}; border-radius: 5px; padding: 2px; }}
QListView::item {{ background: transparent; border: 0; border-radius: 4px; padding: 0; }}
#history_list::item, #recovery_list::item {{ padding-left: 6px; }}
QListView::item:!selected:hover {{ background-color: {RAISED}; }}
QListView::item:selected:active, QListView::item:selected:!active {{ background-color: #2c4766; }}
QScrollBar:vertical {{ background-color: {GROUND}; border: 0; margin: 0; width: 10px; }}
QScrollBar:horizontal {{ background-color: {GROUND}; border: 0; margin: 0; height: 10px; }}
QScrollBar::handle:vertical, QScrollBar::handle:horizontal {{ background-color: #4a5361; border: 0;
    border-radius: 4px; margin: 1px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:vertical:hover, QScrollBar::handle:horizontal:hover {{ background-color: {QUIET}; }}
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical {{ border-image: none; height: 0; margin: 0; }}
QScrollBar::add-line:horizontal, QScrollBar::sub-line:horizontal {{ border-image: none; width: 0;
    margin: 0; }}
QProgressBar {{ background-color: {GROUND}; border: 1px solid {EDGE}; border-radius: 4px; text-align: center;
    min-height: 16px; max-height: 16px; font-size: 11px; }}
QProgressBar::chunk {{ background-color: {ACCENT}; border-radius: 3px; }}
QSlider, QSlider:disabled {{ background: transparent; }}
QSlider::groove:horizontal {{ background: {EDGE}; height: 4px; border: 0; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {TEXT}; border: 0; width: 12px; height: 12px; margin: -4px 0;
    border-radius: 6px; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QLabel[role="key"] {{ background-color: {RAISED}; border: 1px solid {EDGE}; border-radius: 4px;
    padding: 1px 6px; }}
#banner[kind="error"] {{ background-color: #5c2a2e; border: 1px solid #a2484f; border-radius: 6px; }}
#banner[kind="note"] {{ background-color: #24425f; border: 1px solid {ACCENT}; border-radius: 6px; }}
#banner_text {{ color: white; background: transparent; border: 0; padding: 0; }}
#region_chip {{ background-color: #23472e; border: 1px solid #4e9d63; border-radius: 9px; padding: 1px 8px; }}
"""


def apply_theme(application: QApplication) -> None:
    """Set the font and the style sheet of the application."""
    font = QFont(application.font())
    font.setPixelSize(13)
    application.setFont(font)
    application.setStyleSheet(qdarkstyle.load_stylesheet(qt_api="pyqt5") + _RULES)
