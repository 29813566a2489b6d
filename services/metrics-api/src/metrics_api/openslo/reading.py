"""Plain objects into checked OpenSLO documents. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from metrics_api.openslo.documents import SPECS, V1, Kind, Metadata, Part
from shared.errors import FieldError, Invalid

V2_ALPHA = "openslo.com/v2alpha"
_V2_WORDS = {
    "sli": "indicator",
    "sliRef": "indicatorRef",
    "dataSourceRef": "metricSourceRef",
}
_MEMBERS = {"apiVersion", "kind", "metadata", "spec"}
OBJECTS_LIMIT = 500


@dataclass(frozen=True)
class Document:
    """A checked object; `pointer` says where it stood among the objects of the request."""

    kind: Kind
    metadata: Metadata
    spec: Any  # of SPECS[kind]
    pointer: str

    @property
    def name(self) -> str:
        return self.metadata.name


def documents_of(objects: Sequence[Any]) -> list[Document]:
    """Every object checked; raises Invalid that names every bad field of all of them."""
    if not objects:
        raise Invalid("There is no OpenSLO object in the documents", pointer="")
    if len(objects) > OBJECTS_LIMIT:
        raise Invalid(f"At most {OBJECTS_LIMIT} objects are taken at once", pointer="")
    found: list[Document] = []
    errors: list[FieldError] = []
    for place, written in enumerate(objects):
        try:
            found.append(_document(written, f"/{place}"))
        except Invalid as refused:
            errors += refused.errors
    errors += list(_repeated(found))
    if errors:
        raise refusal(errors)
    return found


def refusal(errors: Sequence[FieldError]) -> Invalid:
    return Invalid("The documents are not taken: nothing was written", errors=errors)


def _document(written: Any, pointer: str) -> Document:
    if not isinstance(written, dict) or not all(isinstance(key, str) for key in written):
        raise Invalid("is no object of OpenSLO", pointer=pointer)
    version = written.get("apiVersion")
    if version == V2_ALPHA:
        written = {**written, "spec": _in_v1_words(written.get("spec"))}
    elif version != V1:
        raise Invalid(
            f"Only {V1} (and, leniently, {V2_ALPHA}) is understood: convert it first",
            code="unsupported_version",
            pointer=f"{pointer}/apiVersion",
        )
    unknown = sorted(set(written) - _MEMBERS)
    if unknown:
        raise Invalid("OpenSLO knows no such field", pointer=f"{pointer}/{_escaped(unknown[0])}")
    try:
        kind = Kind(written.get("kind"))
    except ValueError:
        known = ", ".join(Kind)
        raise Invalid(f"must be one of {known}", pointer=f"{pointer}/kind") from None
    parts: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, model in (("metadata", Metadata), ("spec", SPECS[kind])):
        try:
            parts[name] = checked(model, written.get(name), f"{pointer}/{name}")
        except Invalid as refused:
            errors += refused.errors
    if errors:
        raise refusal(errors)
    return Document(kind, parts["metadata"], parts["spec"], pointer)


def _in_v1_words(written: Any) -> Any:
    if isinstance(written, dict):
        return {_V2_WORDS.get(key, key): _in_v1_words(value) for key, value in written.items()}
    return [_in_v1_words(one) for one in written] if isinstance(written, list) else written


def checked(model: type[Part], written: Any, pointer: str) -> Any:
    """The part of a document; raises Invalid with a pointer for each bad field."""
    try:
        return model.model_validate(written)
    except ValidationError as error:
        raise Invalid("is no OpenSLO", errors=fields_of(error, pointer)) from None


def fields_of(error: ValidationError, pointer: str) -> list[FieldError]:
    """What a model refused, below a pointer; names of union members are not part of the place."""
    return [
        FieldError(
            pointer + "".join(f"/{_escaped(str(step))}" for step in found["loc"] if _is_step(step)),
            found["msg"],
        )
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _is_step(step: int | str) -> bool:
    return isinstance(step, int) or not step[:1].isupper()


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")[:200]


def _repeated(documents: Sequence[Document]) -> Iterator[FieldError]:
    seen: dict[tuple[Kind, str], str] = {}
    for one in documents:
        first = seen.setdefault((one.kind, one.name), one.pointer)
        if first != one.pointer:
            detail = f"There is a {one.kind} of this name at {first} already"
            yield FieldError(f"{one.pointer}/metadata/name", detail, "repeated")


def by_name(documents: Sequence[Document], kind: Kind) -> Mapping[str, Document]:
    return {one.name: one for one in documents if one.kind is kind}
