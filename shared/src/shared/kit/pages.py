"""HTML pages that need nothing but themselves: `page.html` is their frame, to look at and print."""

from datetime import UTC, datetime
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
    environment.filters["moment"] = moment
    return environment.get_template(name)


def moment(at: datetime | str) -> str:
    """A moment as people read it, such as 2026-03-01 09:30 UTC; as ISO text it is taken, too."""
    when = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
