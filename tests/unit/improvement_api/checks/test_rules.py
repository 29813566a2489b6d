"""What badges say of the verdict that stands."""

import pytest

from improvement_api.checks.rules import badge_of
from shared.schemas.improvement import Standing, Verdict


def contrast_with_white(colour: str) -> float:
    """WCAG 2.2, 1.4.3."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


STATES = [None, *((standing, verdict) for standing in Standing for verdict in Verdict)]


@pytest.mark.parametrize("stands", STATES)
def test_white_on_every_colour_is_legible(stands: tuple[Standing, Verdict] | None) -> None:
    assert contrast_with_white(badge_of(stands)[1]) >= 4.5


def test_the_word_alone_tells_the_states_apart() -> None:
    shown = (Standing.OPEN, Standing.EXPIRED, Standing.DECIDED)
    words = {badge_of((standing, verdict))[0] for standing in shown for verdict in Verdict}

    assert len(words | {badge_of(None)[0]}) == len(shown) * len(Verdict) + 1


def test_an_expired_pass_is_not_shown_as_one() -> None:
    message, colour = badge_of((Standing.EXPIRED, Verdict.PASS))

    assert message == "expired (pass)"
    assert colour == badge_of(None)[1] != badge_of((Standing.OPEN, Verdict.PASS))[1]
