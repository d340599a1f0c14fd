"""The monkey's gestures: each is a function of the window and of random numbers, with a weight.

A gesture finds whatever the ones before it have left: dialogs, open menus, a button that is still down.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent, QHelpEvent, QKeySequence
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QListWidget, QSlider, QWidget

from gui.actions.registry import ACTIONS
from gui.actions.spec import ActionSpec
from gui.main_window import MainWindow
from gui.state.view_state import CANVAS_TOOLS
from tests.gui import hand
from tests.gui.gestures import CTRL, LEFT, MIDDLE, NO_KEY, RIGHT
from tests.gui.monkey_dialogs import Places

MOST_OBJECTS = 5
"""More than these the monkey does not add: every object costs time, and a list of nine shows no more."""


@dataclass(frozen=True)
class Situation:
    """What a gesture acts on."""

    window: MainWindow
    rng: random.Random
    places: Places


Gesture = Callable[[Situation], str]
"""Returns what was done, for the list of the last gestures."""


# On the canvas.


def draw(now: Situation) -> str:
    """Draw with the tool that is chosen, left or right."""
    button = now.rng.choices([LEFT, RIGHT], [3, 1])[0]
    return _stroke(now, button, NO_KEY)


def draw_and_meddle(now: Situation) -> str:
    """Do something else while the button is down."""
    surface = _surface(now)
    places = _places_on_canvas(now, now.rng.randint(3, 6))
    meddling = now.rng.choice(list(_MEDDLING))
    hand.press(surface, places[0])
    for place in places[1:-1]:
        hand.move(surface, place)
    _MEDDLING[meddling](now)
    hand.release(surface, places[-1])
    return f"{now.window.model.state.tool}, meanwhile {meddling}"


def drag_region(now: Situation) -> str:
    """Choose a region with Ctrl and the left button."""
    return _stroke(now, LEFT, CTRL)


def pan(now: Situation) -> str:
    """Move the image with the middle button, or with Space held down."""
    if now.rng.random() < 0.5:
        return _stroke(now, MIDDLE, NO_KEY)
    hand.hold(now.window, Qt.Key.Key_Space)
    said = _stroke(now, LEFT, NO_KEY)
    hand.let_go(now.window, Qt.Key.Key_Space)
    return f"Space: {said}"


def turn_wheel(now: Situation) -> str:
    """Zoom, or change the line's width with Ctrl."""
    steps, keys = now.rng.choice([-3, -1, 1, 2]), now.rng.choice([NO_KEY, NO_KEY, CTRL])
    hand.wheel(_surface(now), _places_on_canvas(now, 1)[0], steps, keys)
    return f"{steps}{' with Ctrl' if keys == CTRL else ''}"


def hover(now: Situation) -> str:
    """Move over any widget, and ask for its tooltip."""
    shown = [each for each in now.window.findChildren(QWidget) if each.isVisible()]
    widget = now.rng.choice(shown)
    pos = QPoint(
        now.rng.randint(0, max(widget.width() - 1, 0)), now.rng.randint(0, max(widget.height() - 1, 0))
    )
    hand.move(widget, pos)
    QApplication.sendEvent(widget, QHelpEvent(QHelpEvent.Type.ToolTip, pos, widget.mapToGlobal(pos)))
    return widget.objectName() or type(widget).__name__


# Along the clip.


def scrub(now: Situation) -> str:
    """Drag along the timeline."""
    timeline = now.window.timeline
    xs = [now.rng.randint(-5, timeline.width() + 5) for _ in range(now.rng.randint(1, 5))]
    y = timeline.height() // 2
    hand.drag(timeline, [QPoint(x, y) for x in (xs[0], *xs)])
    return str(xs)


def step(now: Situation) -> str:
    """Go from frame to frame with keys or buttons."""
    return _by_key_or_button(
        now,
        ("previous", "next", "ten_back", "ten_on", "first", "last", "previous_mark", "next_mark"),
        ("next_to_correct", "next", "previous"),
    )


def play(now: Situation) -> str:
    """Start or stop playback."""
    if now.rng.random() < 0.5:
        return _click_button(now, "play")
    hand.key(now.window, Qt.Key.Key_Space)
    return "Space"


# Tools and views.


def choose_tool(now: Situation) -> str:
    """Choose a tool with its button or its key."""
    name = f"tool_{now.rng.choice(CANVAS_TOOLS)}"
    return _click_button(now, name) if now.rng.random() < 0.6 else _tap(now, name)


def change_width(now: Situation) -> str:
    """Change the line's width with keys or the slider."""
    if now.rng.random() < 0.5:
        return _tap(now, now.rng.choice(("thinner", "wider")))
    slider = now.window.findChild(QSlider, "radius")
    assert slider is not None
    x, y = now.rng.randint(0, slider.width()), slider.height() // 2
    hand.drag(slider, [QPoint(slider.width() // 2, y), QPoint(x, y)])
    return f"slider to {x}"


def choose_view(now: Situation) -> str:
    """Choose a view mode from the list, or go to the next."""
    if now.rng.random() < 0.5:
        return _tap(now, "next_view")
    box = now.window.findChild(QComboBox, "view_mode")
    assert box is not None
    hand.click(box)
    popup = QApplication.activePopupWidget()
    if popup is None:
        return "no list"
    for _ in range(now.rng.randint(0, 3)):
        hand.key(popup, now.rng.choice([Qt.Key.Key_Up, Qt.Key.Key_Down]))
    hand.key(popup, now.rng.choice([Qt.Key.Key_Return, Qt.Key.Key_Return, Qt.Key.Key_Escape]))
    return "list"


def zoom(now: Situation) -> str:
    """Zoom with keys, or show the whole frame."""
    return _by_key_or_button(now, ("zoom_in", "zoom_out", "fit", "escape"), ("fit",))


def resize(now: Situation) -> str:
    """Give the window another size."""
    width, height = now.rng.randint(620, 1300), now.rng.randint(420, 850)
    now.window.resize(width, height)
    QTest.qWait(1)
    return f"{width} x {height}"


def dismiss(now: Situation) -> str:
    """Dismiss the banner."""
    return _click_button(now, "banner_dismiss")


# The work.


def undo(now: Situation) -> str:
    """Undo, once or several times."""
    return _repeated(now, "undo")


def redo(now: Situation) -> str:
    """Redo, once or several times."""
    return _repeated(now, "redo")


def propagate(now: Situation) -> str:
    """Propagate in a direction."""
    names = ("propagate", "propagate", "propagate_backward", "propagate_forward")
    return _by_key_or_button(now, names, names)


def cancel(now: Situation) -> str:
    """Cancel what runs."""
    return _by_key_or_button(now, ("cancel",), ("cancel",))


def clear_frame(now: Situation) -> str:
    """Reset the frame, or mark the object as absent."""
    return _tap(now, now.rng.choice(("reset_frame", "mark_absent")))


def add_object(now: Situation) -> str:
    """Add an object where there are few."""
    if len(now.window.parts.session.state.objects) >= MOST_OBJECTS:
        return "enough of them"
    return _by_key_or_button(now, ("add_object",), ("add_object",))


def remove_object(now: Situation) -> str:
    """Remove the chosen object."""
    return _by_key_or_button(now, ("remove_object",), ("remove_object",))


def choose_object(now: Situation) -> str:
    """Choose an object with a number key, or with a click on its row."""
    if now.rng.random() < 0.4:
        return _tap(now, f"object_{now.rng.randint(1, 9)}")
    listed = _object_list(now)
    if not listed.count():
        return "none there"
    row = now.rng.randrange(listed.count())
    hand.click(listed.viewport(), listed.visualItemRect(listed.item(row)).center())
    return f"row {row}"


def change_object(now: Situation) -> str:
    """Click on an object's lock, eye or colour, or use its key."""
    if now.rng.random() < 0.3:
        return _tap(now, now.rng.choice(("lock_object", "hide_object")))
    objects = now.window.parts.session.state.objects
    if not objects:
        return "none there"
    kind = now.rng.choices(["lock", "eye", "colour"], [3, 3, 2])[0]
    return _click_button(now, f"{kind}_{now.rng.choice(objects).object_id}")


def rename_object(now: Situation) -> str:
    """Type another name; keep it, give it up, or leave it unfinished."""
    if now.rng.random() < 0.5:
        _tap(now, "rename_object")
    else:
        listed = _object_list(now)
        if listed.count():
            row = listed.item(now.rng.randrange(listed.count()))
            hand.double_click(listed.viewport(), listed.visualItemRect(row).center())
    text = "".join(now.rng.choices("abKPZ 1&<", k=now.rng.randint(1, 6)))
    if not isinstance(QApplication.focusWidget(), QLineEdit):
        return "nothing to type in"
    hand.type_text(now.window, text)
    end = now.rng.choice([Qt.Key.Key_Return, Qt.Key.Key_Return, Qt.Key.Key_Escape, None])
    if end is not None:
        hand.key(now.window, end)
    return f"“{text}”, {QKeySequence(end).toString() if end else 'unfinished'}"


# Files.


def save_project(now: Situation) -> str:
    """Save the project, or save it under a name."""
    return _tap(now, now.rng.choice(("save_project", "save_project_as")))


def export(now: Situation) -> str:
    """Export the masks."""
    return _by_key_or_button(now, ("export",), ("export",))


def use_menu(now: Situation) -> str:
    """Open a menu and click on any entry that is enabled, but for the end of the program."""
    bar = now.window.menuBar()
    assert bar is not None
    title = now.rng.choice(bar.actions())
    hand.click(bar, bar.actionGeometry(title).center())
    menu = title.menu()
    if menu is None or not menu.isVisible():
        return f"{title.text()} does not open"
    entries = [
        entry
        for entry in menu.actions()
        if entry.isEnabled() and not entry.isSeparator() and entry.objectName() != "action_quit"
    ]
    if not entries:
        return f"{title.text()} has nothing"
    entry = now.rng.choice(entries)
    said = f"{title.text()}, {entry.text()}"
    hand.click(menu, menu.actionGeometry(entry).center())
    below = entry.menu()
    if below is not None and below.isVisible():
        choices = [each for each in below.actions() if each.isEnabled()]
        if choices:
            chosen = now.rng.choice(choices)
            said = f"{said}, {chosen.text()}"
            hand.click(below, below.actionGeometry(chosen).center())
    return said


def open_other(now: Situation) -> str:
    """Ask for another clip or project."""
    return _tap(now, now.rng.choice(("open_clip", "open_images")))


def drop_file(now: Situation) -> str:
    """Drop a clip or a project on the window."""
    if not hand.is_reachable(now.window):
        return "a dialog is open"
    path = now.rng.choice([*now.places.clips, *now.places.projects()])
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    values = (Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    pos = QPoint(now.rng.randint(10, 400), now.rng.randint(60, 400))
    enter = QDragEnterEvent(pos, *values)
    QApplication.sendEvent(now.window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(now.window, QDropEvent(QPointF(pos), *values))
    return path.name


# The end.


def close(now: Situation) -> str:
    """Close the window, in one of the ways there are."""
    way = now.rng.choice(["close", "Ctrl+Q", "twice"])
    if way == "Ctrl+Q":
        _tap(now, "quit")
    else:
        for _ in range(2 if way == "twice" else 1):
            if hand.is_reachable(now.window):
                now.window.close()
    return way


# Anything.


def mash(now: Situation) -> str:
    """Tap any key that means something, and some that do not."""
    keyed = [spec for spec in ACTIONS if spec.shortcuts and spec.name != "quit"]
    if now.rng.random() < 0.7:
        return _tap(now, now.rng.choice(keyed).name)
    name = now.rng.choice(["Key_Tab", "Key_Alt", "Key_Return", "Key_Delete", "Key_Menu", "Key_Q"])
    hand.key(now.window, getattr(Qt.Key, name))
    return name


def wait(now: Situation) -> str:
    """Let time pass."""
    milliseconds = now.rng.choice([5, 20, 60, 160])
    QTest.qWait(milliseconds)
    return f"{milliseconds} ms"


GESTURES: dict[str, tuple[int, Gesture]] = {
    "draw": (60, draw),
    "draw and meddle": (10, draw_and_meddle),
    "region": (5, drag_region),
    "pan": (6, pan),
    "wheel": (10, turn_wheel),
    "hover": (8, hover),
    "scrub": (14, scrub),
    "step": (20, step),
    "play": (5, play),
    "tool": (24, choose_tool),
    "width": (8, change_width),
    "view": (8, choose_view),
    "zoom": (10, zoom),
    "resize": (3, resize),
    "dismiss": (3, dismiss),
    "undo": (20, undo),
    "redo": (14, redo),
    "propagate": (20, propagate),
    "cancel": (8, cancel),
    "clear": (6, clear_frame),
    "add": (8, add_object),
    "remove": (3, remove_object),
    "choose": (12, choose_object),
    "change": (10, change_object),
    "rename": (4, rename_object),
    "save": (4, save_project),
    "export": (3, export),
    "menu": (8, use_menu),
    "open": (2, open_other),
    "drop": (2, drop_file),
    "close": (5, close),
    "mash": (8, mash),
    "wait": (8, wait),
}
"""Name, weight and function of every gesture."""


def _stroke(now: Situation, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> str:
    places = _places_on_canvas(now, now.rng.choice([1, 2, 3, 3, 5, 9]))
    hand.drag(_surface(now), places, button, keys)
    names = {LEFT: "left", RIGHT: "right", MIDDLE: "middle"}
    return f"{now.window.model.state.tool} {names[button]}, {len(places)} places"


def _places_on_canvas(now: Situation, count: int) -> list[QPoint]:
    """Return places near each other, most of them over the frame."""
    canvas, rng = now.window.canvas, now.rng
    height, width = now.window.model.state.source
    x, y = rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.1, 1.1) * height
    places = []
    for _ in range(count):
        at = canvas.view.to_view((x, y))
        # The window system delivers no press outside of the window; a drag may lead there.
        places.append(QPoint(round(at[0]), round(at[1])))
        x, y = x + rng.uniform(-0.2, 0.2) * width, y + rng.uniform(-0.2, 0.2) * height
    start = places[0]
    surface = _surface(now)
    places[0] = QPoint(
        min(max(start.x(), 0), surface.width() - 1), min(max(start.y(), 0), surface.height() - 1)
    )
    return places


def _surface(now: Situation) -> QWidget:
    surface = now.window.canvas.viewport()
    assert surface is not None
    return surface


def _object_list(now: Situation) -> QListWidget:
    listed = now.window.findChild(QListWidget, "object_list")
    assert listed is not None
    return listed


def _by_key_or_button(now: Situation, keyed: tuple[str, ...], buttons: tuple[str, ...]) -> str:
    if now.rng.random() < 0.5:
        return _tap(now, now.rng.choice(keyed))
    return _click_button(now, now.rng.choice(buttons))


def _repeated(now: Situation, name: str) -> str:
    count = now.rng.choice([1, 1, 1, 2, 3, 6])
    said = [_by_key_or_button(now, (name,), (name,)) for _ in range(count)]
    return ", ".join(said)


def _click_button(now: Situation, name: str) -> str:
    button = now.window.findChild(QAbstractButton, name)
    if button is None or not button.isVisible():
        return f"no button {name}"
    hand.click(button)
    return f"button {name}"


def _tap(now: Situation, name: str) -> str:
    spec: ActionSpec = next(each for each in ACTIONS if each.name == name)
    keys = QKeySequence(now.rng.choice(spec.shortcuts))
    code = keys[0]
    modifiers = Qt.KeyboardModifiers(code & int(Qt.KeyboardModifier.KeyboardModifierMask))
    hand.key(now.window, Qt.Key(code & ~int(Qt.KeyboardModifier.KeyboardModifierMask)), modifiers)
    return keys.toString()


_MEDDLING: dict[str, Callable[[Situation], object]] = {
    "next frame": lambda now: _tap(now, "next"),
    "Escape": lambda now: _tap(now, "escape"),
    "undo": lambda now: _tap(now, "undo"),
    "propagate": lambda now: _tap(now, "propagate"),
    "another tool": lambda now: _tap(now, f"tool_{now.rng.choice(CANVAS_TOOLS)}"),
    "another object": lambda now: _tap(now, f"object_{now.rng.randint(1, 3)}"),
    "remove object": lambda now: _tap(now, "remove_object"),
    "the wheel": lambda now: hand.wheel(
        _surface(now), hand.middle_of(_surface(now)), now.rng.choice([-1, 1])
    ),
    "the right button": lambda now: hand.click(_surface(now), None, RIGHT),
    "play": lambda now: hand.key(now.window, Qt.Key.Key_Space),
    "resize": resize,
    "close": lambda now: now.window.close(),
    "save": lambda now: _tap(now, "save_project"),
}
"""What may happen while a stroke is being drawn."""
