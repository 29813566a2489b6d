"""What a badge says: the verdict that stands, in a word and a colour."""

from shared.schemas.improvement import Standing, Verdict

# White on each of them has a contrast of at least 4.5 : 1 (WCAG 2.2, 1.4.3).
_COLOURS = {
    Verdict.PASS: "#1f7a3d",
    Verdict.WARNING: "#8a5a00",
    Verdict.FAIL: "#b3261e",
    Verdict.INCONCLUSIVE: "#4f5b93",
    Verdict.ERROR: "#7b3f8c",
}
NO_VERDICT_COLOUR = "#5f6670"


def badge_of(stands: tuple[Standing, Verdict] | None) -> tuple[str, str]:
    """Message and colour of what stands; an expired verdict is good for nothing, and so is grey."""
    if stands is None:
        return "no evaluation yet", NO_VERDICT_COLOUR
    standing, verdict = stands
    if standing is Standing.EXPIRED:
        return f"expired ({verdict})", NO_VERDICT_COLOUR
    said = f"{verdict}, decided" if standing is Standing.DECIDED else verdict.value
    return said, _COLOURS[verdict]
