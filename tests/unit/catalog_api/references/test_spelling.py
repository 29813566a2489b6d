"""Which spelling of a reference counts when it is written again."""

from hypothesis import given
from hypothesis import strategies as st

from catalog_api.references.rules import as_spelt, identity
from shared.schemas.catalog import Reference

names = st.sampled_from(["VPN", "vpn", " v p n", "V P N", "Mail"])
some_references = st.lists(
    st.builds(Reference, source=st.none() | st.just("snow"), name=names), max_size=6
)


def test_a_reference_that_is_there_keeps_its_spelling() -> None:
    present = [Reference(name="VPN Gateway")]

    assert as_spelt([Reference(name=" vpn  gateway")], present) == present


@given(some_references, some_references)
def test_each_wanted_reference_stands_once_whatever_the_order(
    wanted: list[Reference], present: list[Reference]
) -> None:
    found = as_spelt(wanted, present)

    assert [identity(one) for one in found] == [identity(one) for one in as_spelt(found, present)]
    assert {identity(one) for one in found} == {identity(one) for one in wanted}
    assert len(found) == len({identity(one) for one in wanted})
