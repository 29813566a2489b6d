"""How the records of one kind are read and stored, so that one path takes in them all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from metrics_api.attribution.rules import Memory
from metrics_api.intake.storing import Alongside, AnyUpdate, Outcome
from metrics_api.intake.updates import find_source
from metrics_api.sources.rules import SourceRules
from shared.kit.auth import Principal
from shared.kit.database import Engine
from shared.schemas.metrics import RecordKind


class WithOutcomes(Protocol):
    @property
    def outcomes(self) -> Sequence[Outcome]: ...


class Sized(AnyUpdate, Protocol):
    @property
    def payload(self) -> bytes: ...


Update = TypeVar("Update", bound=Sized)
Taken = TypeVar("Taken", bound=WithOutcomes)


@dataclass(frozen=True)
class Intake(Generic[Update, Taken]):
    """`decode` and `accept` raise Refused; `store` is a transaction of its own."""

    kind: RecordKind
    decode: Callable[[bytes | msgspec.Raw], Any]
    accept: Callable[[Any, SourceRules], Update]
    store: Callable[[Engine, Memory, Sequence[Update], Alongside | None], Awaitable[Taken]]

    def read(self, memory: Memory, raw: bytes | msgspec.Raw, caller: Principal) -> Update:
        """An update that the caller may write; raises Refused."""
        fields = self.decode(raw)
        return self.accept(fields, find_source(fields, memory.directory.sources, caller.source))
