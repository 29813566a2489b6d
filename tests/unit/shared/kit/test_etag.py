"""If-Match is demanded, understood and compared."""

import pytest

from shared.errors import BadRequest, PreconditionRequired, Stale
from shared.kit.etag import ANY_VERSION, check_version, etag, if_match


async def test_a_change_without_if_match_is_refused() -> None:
    with pytest.raises(PreconditionRequired):
        await if_match(None)


@pytest.mark.parametrize("tag", ['"x"', "3", '"-1"', '"1", "2"', '"99999999999999999999"', ""])
async def test_a_tag_that_is_none_of_ours_is_refused(tag: str) -> None:
    with pytest.raises(BadRequest):
        await if_match(tag)


async def test_a_tag_gives_back_its_version() -> None:
    assert await if_match(etag(7)) == 7
    assert await if_match('W/"7"') == 7


async def test_a_star_matches_any_version() -> None:
    check_version(await if_match("*"), 12)
    assert await if_match("*") == ANY_VERSION


def test_a_change_made_on_an_older_version_is_stale_and_told_the_new_one() -> None:
    with pytest.raises(Stale) as refused:
        check_version(3, 4)
    assert refused.value.headers["ETag"] == '"4"'
