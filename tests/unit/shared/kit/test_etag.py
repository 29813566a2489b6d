"""If-Match is demanded, understood and compared."""

import pytest

from shared.errors import BadRequest, PreconditionRequired, Stale
from shared.kit.etag import ANY_VERSION, check_version, etag, if_match


def test_a_change_without_if_match_is_refused() -> None:
    with pytest.raises(PreconditionRequired):
        if_match(None)


@pytest.mark.parametrize("tag", ['"x"', "3", '"-1"', '"1", "2"', '"99999999999999999999"', ""])
def test_a_tag_that_is_none_of_ours_is_refused(tag: str) -> None:
    with pytest.raises(BadRequest):
        if_match(tag)


def test_a_tag_gives_back_its_version() -> None:
    assert if_match(etag(7)) == 7
    assert if_match('W/"7"') == 7


def test_a_star_matches_any_version() -> None:
    check_version(if_match("*"), 12)
    assert if_match("*") == ANY_VERSION


def test_a_change_made_on_an_older_version_is_stale_and_told_the_new_one() -> None:
    with pytest.raises(Stale) as refused:
        check_version(3, 4)
    assert refused.value.headers["ETag"] == '"4"'
