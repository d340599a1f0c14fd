"""The window's own state: one frozen value, replaced as a whole. No Qt, no session.

Masks, anchors and drafts are not here: they belong to the session and are read from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gui.state.overlay import Colour, OverlayStyle, ViewMode
from inference_core.tools.registry import TOOLS
from inference_core.types import ObjectInfo, Region, Tool

MIN_RADIUS_PX = 0.5
"""A line one pixel wide."""
MAX_RADIUS_PX = 200.0
"""A tenth of a 4K frame's height to each side."""


REGION = "region"
"""The tool that selects a region; the window has it beside the session's tools."""

CANVAS_TOOLS = (*TOOLS, REGION)
"""What the mouse can do on the canvas, in the order of the buttons."""

# Radius of what a tool without a line draws, as a share of the frame's short side.
_POINT_RADIUS_SHARE = 5 / 480
# Bright on footage; neighbours in the list are easy to tell apart.
_COLOURS: tuple[Colour, ...] = (
    (255, 92, 87),
    (70, 200, 120),
    (90, 160, 255),
    (255, 196, 61),
    (200, 120, 255),
    (64, 210, 220),
    (255, 138, 196),
    (170, 220, 80),
    (255, 150, 70),
    (150, 160, 255),
)


def default_colour(object_id: int) -> Colour:
    """Return an object's default colour; the ten colours repeat, darker each time."""
    red, green, blue = _COLOURS[(object_id - 1) % len(_COLOURS)]
    share = 1.0 - 0.22 * (((object_id - 1) // len(_COLOURS)) % 4)
    return round(red * share), round(green * share), round(blue * share)


def default_radii(source: tuple[int, int]) -> Mapping[str, float]:
    """Return the radii of tools with a line, source pixels, for frames of size (height, width).

    Shares of the short side, so that a line looks as wide on every clip.
    """
    shares = {name: spec.radius_share for name, spec in TOOLS.items() if spec.radius_share is not None}
    return MappingProxyType({name: max(1.0, round(share * min(source))) for name, share in shares.items()})


def has_radius(tool: str) -> bool:
    """Return whether a tool of the canvas draws a line of adjustable width."""
    return tool in TOOLS and TOOLS[tool].radius_share is not None


@dataclass(frozen=True)
class Zoom:
    """Canvas pixels per source pixel, and the source position (x, y) at the canvas's centre."""

    scale: float
    centre: tuple[float, float]


@dataclass(frozen=True)
class Pen:
    """What a gesture on the canvas draws with, fixed when the button goes down."""

    tool: str
    object_id: int
    radius_px: float
    colour: Colour
    region: Region | None = None

    @property
    def has_radius(self) -> bool:
        """Whether it draws a line of adjustable width."""
        return has_radius(self.tool)


@dataclass(frozen=True)
class ViewState:
    """The window's own state. Methods return a changed copy."""

    source: tuple[int, int] = (480, 854)
    frame_count: int = 0
    frame_index: int = 0
    tool: str = Tool.SCRIBBLE
    object_id: int = 1
    region: Region | None = None
    view_mode: ViewMode = ViewMode.OVERLAY
    radii: Mapping[str, float] = field(default_factory=lambda: default_radii((480, 854)))
    hidden: frozenset[int] = frozenset()
    colours: Mapping[int, Colour] = field(default_factory=dict)
    open_panels: frozenset[str] = frozenset()
    """Names of the optional panels that are shown."""

    @staticmethod
    def for_clip(frame_count: int, source: tuple[int, int]) -> ViewState:
        """Return the state for the first frame of a clip with frames of size (height, width)."""
        return ViewState(source=source, frame_count=frame_count, radii=default_radii(source))

    @property
    def radius_px(self) -> float:
        """Half the width of the current tool's line, source pixels."""
        point = max(2.0, round(_POINT_RADIUS_SHARE * min(self.source)))
        return self.radii.get(self.tool, point)

    @property
    def has_radius(self) -> bool:
        """Whether the current tool draws a line of adjustable width."""
        return has_radius(self.tool)

    def at_frame(self, frame_index: int) -> ViewState:
        """Go to a frame, clamped to the clip."""
        return replace(self, frame_index=min(max(frame_index, 0), max(self.frame_count - 1, 0)))

    def with_radius(self, radius_px: float) -> ViewState:
        """Set the current tool's radius, in half pixels below ten and whole ones above."""
        if not self.has_radius:
            return self
        clamped = min(max(radius_px, MIN_RADIUS_PX), MAX_RADIUS_PX)
        rounded = round(clamped * 2) / 2 if clamped < 10 else float(round(clamped))
        return replace(self, radii=MappingProxyType({**self.radii, self.tool: rounded}))

    def with_stepped_radius(self, direction: int) -> ViewState:
        """Make the current tool's line a step wider (+1) or thinner (-1): 15 %, at least half a pixel."""
        return self.with_radius(self.radius_px + direction * max(0.5, self.radius_px * 0.15))

    def with_visibility(self, object_id: int, is_visible: bool) -> ViewState:
        """Show or hide an object on the canvas; its mask does not change."""
        return replace(self, hidden=self.hidden - {object_id} if is_visible else self.hidden | {object_id})

    def with_panel(self, name: str, is_open: bool) -> ViewState:
        """Show or hide an optional panel."""
        return replace(self, open_panels=self.open_panels | {name} if is_open else self.open_panels - {name})

    def colour(self, object_id: int) -> Colour:
        """The object's colour: the user's choice, else the default."""
        return self.colours.get(object_id) or default_colour(object_id)

    def with_colours(self, objects: Iterable[ObjectInfo]) -> ViewState:
        """Show the objects in the session's colours."""
        chosen = {
            each.object_id: each.settings.colour for each in objects if each.settings.colour is not None
        }
        return replace(self, colours=MappingProxyType(chosen))

    @property
    def pen(self) -> Pen:
        """The pen for the next gesture."""
        return Pen(self.tool, self.object_id, self.radius_px, self.colour(self.object_id), self.region)

    def style(self, object_ids: tuple[int, ...]) -> OverlayStyle:
        """Return how these objects are painted on the canvas."""
        return OverlayStyle({i: self.colour(i) for i in object_ids}, self.view_mode, self.hidden)
