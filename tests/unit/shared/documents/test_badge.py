"""Badges: two words whose width is known, on a picture that says them to everybody."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.badge import PADDING, badge_svg, text_width

SVG = "{http://www.w3.org/2000/svg}"


def test_it_says_its_text_to_those_who_do_not_see_it() -> None:
    svg = ElementTree.fromstring(badge_svg("to-retirement", "fail", "#b3261e"))

    assert (svg.get("role"), svg.get("aria-label")) == ("img", "to-retirement: fail")
    assert svg.findtext(f"{SVG}title") == "to-retirement: fail"


def test_each_half_is_as_wide_as_its_text_and_the_whole_as_both() -> None:
    svg = ElementTree.fromstring(badge_svg("gate", "pass", "#1f7a3d"))

    halves = [float(one.get("width", "")) for one in svg.findall(f"{SVG}g/{SVG}rect")]
    texts = svg.findall(f"{SVG}g/{SVG}text")
    assert halves == [text_width(text) + 2 * PADDING for text in ("gate", "pass")]
    assert float(svg.get("width", "")) == pytest.approx(sum(halves))
    assert [float(text.get("textLength", "")) for text in texts] == [
        text_width("gate"),
        text_width("pass"),
    ]


def test_widths_are_those_of_the_letters() -> None:
    assert text_width("") == 0
    assert text_width("iii") < text_width("mmm")
    assert text_width("pass") == round((1276 + 1230 + 1067 + 1067) * 11 / 2048, 1)
    assert text_width("e\u0301") == text_width("e")  # a combining accent takes no room


@given(st.text(), st.text())
def test_whatever_it_says_it_is_well_formed_and_holds_no_element_of_the_text(
    label: str, message: str
) -> None:
    svg = ElementTree.fromstring(badge_svg(label, message, "#1f7a3d"))

    kinds = {element.tag.removeprefix(SVG) for element in svg.iter()}
    assert kinds == {"svg", "title", "clipPath", "rect", "g", "text"}


@given(st.text(), st.text())
def test_a_longer_text_is_never_narrower(first: str, more: str) -> None:
    assert text_width(first + more) >= text_width(first)
