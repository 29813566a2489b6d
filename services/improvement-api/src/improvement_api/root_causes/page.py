"""An analysis as a page: its causes as a tree, its fix, what was asked and answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from improvement_api.root_causes.rules import Cause, children
from improvement_api.root_causes.schemas import AnalysedIncidentOut, AnalysisDetail, FixCheckOut
from shared.kit.pages import template_of

WIDTH, GAP, INDENT, LINE, PAD = 420, 14, 48, 18, 12
_CHARACTERS, _OF_BOLD = 52, 46


@dataclass(frozen=True)
class Box:
    """A cause as it is drawn; `joint` is where the line from its parent's box begins."""

    cause: Cause
    lines: list[str]
    x: int
    y: int
    height: int
    joint: tuple[int, int] | None

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


def lay_out(causes: Sequence[Cause]) -> list[Box]:
    """Boxes from top to bottom, each cause beneath and to the right of what it causes."""
    beneath = children(causes)
    boxes: list[Box] = []
    waiting: list[tuple[Cause, int, Box | None]] = [
        (cause, 0, None) for cause in reversed(causes) if cause.parent is None
    ]
    y = 0
    while waiting:
        cause, depth, above = waiting.pop()
        bold = cause.root_cause or cause.parent is None
        lines = wrap(cause.text, _OF_BOLD if bold else _CHARACTERS) or [""]
        # A proof is printed, too: smaller, beneath the statement.
        height = LINE * (len(lines) + len(wrap(cause.evidence, _CHARACTERS))) + 2 * PAD
        joint = None if above is None else (above.x + INDENT // 2, above.y + above.height)
        box = Box(cause, lines, depth * INDENT, y, height, joint)
        boxes.append(box)
        y += height + GAP
        waiting += [(one, depth + 1, box) for one in reversed(beneath.get(cause.id, []))]
    return boxes


def as_page(
    analysis: AnalysisDetail,
    incidents: Sequence[AnalysedIncidentOut],
    checks: Sequence[FixCheckOut],
) -> str:
    """Self-contained HTML; incidents and checks are the first hundred of each."""
    boxes = lay_out([Cause(**cause.model_dump()) for cause in analysis.causes])
    shown: Mapping[str, Any] = {
        "analysis": analysis,
        "incidents": incidents,
        "checks": checks,
        "boxes": [(box, wrap(box.cause.evidence, _CHARACTERS)) for box in boxes],
        "width": max((box.x for box in boxes), default=0) + WIDTH + 2,
        "height": max((box.y + box.height for box in boxes), default=0) + 2,
        "box_width": WIDTH,
        "line": LINE,
        "pad": PAD,
    }
    return template_of("improvement_api.root_causes", "analysis.html").render(shown)
