"""How a body is refused that is well formed and cannot be: every bad field at once."""

from collections.abc import Sequence

from shared.errors import FieldError, Invalid


def refuse(errors: Sequence[FieldError]) -> None:
    """422 naming every bad field, if there is any."""
    if errors:
        detail = "; ".join(f"{error.pointer}: {error.detail}" for error in errors[:3])
        raise Invalid(detail, errors=errors)


def unknown(resource: str, pointer: str, key: str) -> FieldError:
    """A reference to what is not there; `resource` is its singular noun in snake_case."""
    return FieldError(
        pointer, f"there is no {resource.replace('_', ' ')} {key}", f"unknown_{resource}"
    )
