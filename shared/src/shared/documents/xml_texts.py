"""Texts in XML documents."""

import re
from xml.etree import ElementTree

# Everything outside the Char production of XML 1.0, which a writer does not escape away.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """A text that may stand in a document: what XML has no place for becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def as_text(element: ElementTree.Element) -> str:
    """A document or a part of one, escaped, without a declaration."""
    text: str = ElementTree.tostring(element, encoding="unicode")
    return text
