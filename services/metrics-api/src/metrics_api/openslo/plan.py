"""The SLIs, SLOs and policies that documents ask for, references resolved. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from metrics_api.openslo import rules
from metrics_api.openslo.documents import ConditionRef, Kind, Metadata, PolicyRef, TargetRef
from metrics_api.openslo.reading import Document, by_name, fields_of, refusal
from metrics_api.slis.schemas import SliCreate
from metrics_api.slo_alerts.schemas import AlertPolicyCreate
from metrics_api.slos.schemas import SloCreate
from shared.errors import FieldError, Invalid

Wanted = TypeVar("Wanted", bound=BaseModel)
ServiceOf = Callable[[str], str | None]
"""The key of the catalog's service that a name of OpenSLO means, or None."""


@dataclass(frozen=True)
class Planned(Generic[Wanted]):
    """What an object asks for; `pointer` says where it stood, `owner` the SLO of a policy."""

    body: Wanted
    pointer: str
    owner: str = ""


@dataclass
class Plan:
    slis: list[Planned[SliCreate]] = field(default_factory=list)
    slos: list[Planned[SloCreate]] = field(default_factory=list)
    policies: list[Planned[AlertPolicyCreate]] = field(default_factory=list)
    data_sources: list[Document] = field(default_factory=list)
    ignored: list[tuple[Document, str]] = field(default_factory=list)


def plan_of(
    documents: Sequence[Document], service_of: ServiceOf, known_slis: Mapping[str, str]
) -> Plan:
    """The plan of all documents; `known_slis` are the services of the SLIs there are.

    Raises Invalid that names every reference and field that cannot be had.
    """
    planner = _Planner(documents, service_of, known_slis)
    for document in documents:
        try:
            planner.take(document)
        except Invalid as refused:
            planner.errors += refused.errors
    if planner.errors:
        raise refusal(planner.errors)
    return planner.plan


class _Planner:
    """Goes through the documents once; `plan` and `errors` are what came of it."""

    def __init__(
        self,
        documents: Sequence[Document],
        service_of: ServiceOf,
        known_slis: Mapping[str, str],
    ) -> None:
        self.documents = documents
        self.service_of = service_of
        self.known_slis = known_slis
        self.plan = Plan()
        self.errors: list[FieldError] = []
        self._sli_documents = by_name(documents, Kind.SLI)
        self._policies = by_name(documents, Kind.ALERT_POLICY)
        self._conditions = by_name(documents, Kind.ALERT_CONDITION)
        self._targets = by_name(documents, Kind.ALERT_NOTIFICATION_TARGET)
        self._users = dict(self._services_of_slis())

    def take(self, document: Document) -> None:
        match document.kind:
            case Kind.SLI:
                self._take_sli(document)
            case Kind.SLO:
                self._take_slo(document)
            case Kind.DATA_SOURCE:
                self.plan.data_sources.append(document)
            case Kind.SERVICE:
                reason = "services belong to the catalog: nothing was written"
                self.plan.ignored.append((document, reason))
            case _:
                reason = "it takes effect through the SLOs that refer to it"
                self.plan.ignored.append((document, reason))

    def _services_of_slis(self) -> Iterator[tuple[str, str]]:
        """OpenSLO's SLIs name no service: that of an SLO which refers to them is meant."""
        for document in reversed(self.documents):
            if document.kind is not Kind.SLO:
                continue
            refs = [document.spec.indicator_ref]
            refs += [one.indicator_ref for one in document.spec.objectives]
            yield from ((ref, document.spec.service) for ref in refs if ref is not None)

    def _take_sli(self, document: Document) -> None:
        named = rules.own(document.metadata.annotations, "service")
        service = named or self._users.get(document.name) or self.known_slis.get(document.name)
        place = f"{document.pointer}/metadata/annotations"
        if service is None:
            raise Invalid(
                "says of no service which one it measures: refer to it from an SLO in the same"
                f" documents, or annotate it with {rules.PREFIX}service",
                code="service_missing",
                pointer=place,
            )
        key = self._service(service, place)
        self._plan_sli(document.metadata, document.spec, key, document.pointer)

    def _plan_sli(self, metadata: Metadata, spec: Any, service: str, pointer: str) -> None:
        body = built(SliCreate, rules.sli_fields(metadata, spec, service), pointer)
        self.plan.slis.append(Planned(body, pointer))

    def _take_slo(self, document: Document) -> None:
        spec, pointer = document.spec, f"{document.pointer}/spec"
        service = self._service(spec.service, f"{pointer}/service")
        self._check_window(spec.time_window[0], f"{pointer}/timeWindow/0")
        sli = spec.indicator_ref
        if spec.indicator is not None:
            sli = spec.indicator.metadata.name
            inline = f"{pointer}/indicator"
            self._plan_sli(spec.indicator.metadata, spec.indicator.spec, service, inline)
        for place, one in enumerate(spec.objectives):
            if one.indicator is not None:
                inline = f"{pointer}/objectives/{place}/indicator"
                self._plan_sli(one.indicator.metadata, one.indicator.spec, service, inline)
        self._check_references(spec, pointer)
        fields = rules.slo_fields(document.metadata, spec, service, sli)
        self.plan.slos.append(Planned(built(SloCreate, fields, document.pointer), document.pointer))
        for place, policy in enumerate(spec.alert_policies or ()):
            self._take_policy(document.name, policy, f"{pointer}/alertPolicies/{place}")

    def _service(self, name: str, pointer: str) -> str:
        key = self.service_of(name)
        if key is None:
            raise Invalid(
                f"The catalog has no service {name[:100]!r}: create it, or a reference to it",
                code="unknown_service",
                pointer=pointer,
            )
        return key

    def _check_window(self, window: Any, pointer: str) -> None:
        if window.is_rolling == (window.calendar is not None):
            raise Invalid(
                "A rolling window has no calendar, any other has one",
                code="window_contradicts_itself",
                pointer=f"{pointer}/calendar",
            )

    def _check_references(self, spec: Any, pointer: str) -> None:
        places = [(spec.indicator_ref, f"{pointer}/indicatorRef")]
        places += [
            (one.indicator_ref, f"{pointer}/objectives/{place}/indicatorRef")
            for place, one in enumerate(spec.objectives)
        ]
        for ref, place in places:
            if ref is not None and ref not in self._sli_documents and ref not in self.known_slis:
                raise _dangling("SLI", ref, place)

    def _take_policy(self, slo: str, written: Any, pointer: str) -> None:
        if isinstance(written, PolicyRef):
            found = self._policies.get(written.alert_policy_ref)
            if found is None:
                place = f"{pointer}/alertPolicyRef"
                raise _dangling("AlertPolicy", written.alert_policy_ref, place)
            metadata, spec = found.metadata, found.spec
        else:
            metadata, spec = written.metadata, written.spec
        condition = self._condition(spec.conditions[0], pointer)
        targets = [self._target(one, pointer) for one in spec.notification_targets]
        fields = rules.policy_fields(metadata, spec, condition, targets)
        self.plan.policies.append(Planned(built(AlertPolicyCreate, fields, pointer), pointer, slo))

    def _condition(self, written: Any, pointer: str) -> tuple[Metadata, Any]:
        if not isinstance(written, ConditionRef):
            return written.metadata, written.spec
        found = self._conditions.get(written.condition_ref)
        if found is None:
            place = f"{pointer}/spec/conditions/0/conditionRef"
            raise _dangling("AlertCondition", written.condition_ref, place)
        return found.metadata, found.spec

    def _target(self, written: Any, pointer: str) -> str:
        """Targets are kept by what they send to; one that is only named is kept by its name."""
        if not isinstance(written, TargetRef):
            return str(written.spec.target)
        found = self._targets.get(written.target_ref)
        return written.target_ref if found is None else str(found.spec.target)


def _dangling(noun: str, name: str, pointer: str) -> Invalid:
    return Invalid(
        f"There is no {noun} {name}, neither here nor in these documents",
        code="dangling_reference",
        pointer=pointer,
    )


def built(model: type[Wanted], fields: Mapping[str, Any], pointer: str) -> Wanted:
    """The body that a POST of the same thing would have; Invalid at the object's pointer."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        errors = [
            FieldError(pointer, f"{one.pointer.removeprefix(pointer)}: {one.detail}")
            for one in fields_of(error, pointer)
        ]
        raise Invalid("asks for what there is not here", errors=errors) from None
