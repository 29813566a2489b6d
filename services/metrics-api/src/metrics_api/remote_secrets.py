"""Secrets of other systems that we keep: never shown, and sent only to the URL they are for."""

from shared.errors import Invalid


def secret_needed(field: str) -> Invalid:
    """A new URL without its secret. To keep the old one would hand it to whoever names a URL."""
    return Invalid(
        f"Send the {field} as well: the one that is kept was given for another URL",
        code=f"{field}_needed",
        pointer=f"/{field}",
    )
