"""HTML pages that need nothing but themselves: `page.html` is their frame, to look at and print."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template_of(package: str, name: str) -> "Template":
    """A template of a package's folder `templates`; it extends `page.html`. All text is escaped."""
    # Imported where they are used: most processes never draw a page.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("shared.kit")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
