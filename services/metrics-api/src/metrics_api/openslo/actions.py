"""Importing documents, all of them or none, and exporting what there is."""

from collections.abc import Sequence
from typing import Any

from metrics_api.openslo import queries, rules
from metrics_api.openslo.documents import V1, Kind
from metrics_api.openslo.plan import Plan, Planned, plan_of
from metrics_api.openslo.reading import Document
from metrics_api.openslo.schemas import ImportedObject, OpenSloReply, Outcome
from metrics_api.slis.actions import change_sli, create_sli
from metrics_api.slis.queries import slis_by_key
from metrics_api.slis.schemas import SliCreate, SliOut, SliPatch
from metrics_api.slo_alerts.actions import change_policy, create_policy
from metrics_api.slo_alerts.queries import active_policies
from metrics_api.slo_alerts.schemas import AlertPolicyCreate, AlertPolicyOut, AlertPolicyPatch
from metrics_api.slos.actions import change_slo, create_slo
from metrics_api.slos.queries import slos_by_key
from metrics_api.slos.schemas import SloCreate, SloOut, SloPatch
from shared.errors import ApiError, FieldError, Invalid, NotFound
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import ANY_VERSION

EXPORT_LIMIT = 500


async def import_documents(
    session: Session, caller: Principal, documents: Sequence[Document], *, dry_run: bool
) -> OpenSloReply:
    """Write what the documents ask for, in the session's transaction.

    Whoever asks for a dry run rolls the transaction back. Raises Invalid that names the objects
    which are refused.
    """
    names = [one.spec.service for one in documents if one.kind is Kind.SLO]
    names += [
        named
        for one in documents
        if (named := rules.own(one.metadata.annotations, "service")) is not None
    ]
    known = await queries.known_slis(session)
    services = await queries.services_by_name(session, [*names, *known.values()])
    plan = plan_of(documents, services.get, known)
    writer = _Writer(session, caller)
    await writer.write(plan)
    return OpenSloReply(dry_run=dry_run, objects=writer.objects)


class _Writer:
    """Writes a plan in the order in which its parts rest on each other."""

    def __init__(self, session: Session, caller: Principal) -> None:
        self.session = session
        self.caller = caller
        self.objects: list[ImportedObject] = []

    async def write(self, plan: Plan) -> None:
        for document in plan.data_sources:
            await self._data_source(document)
        for sli in plan.slis:
            await self._placed(sli, self._sli(sli.body))
        for slo in plan.slos:
            await self._placed(slo, self._slo(slo.body))
        for policy in plan.policies:
            await self._placed(policy, self._policy(policy.owner, policy.body))
        for document, reason in plan.ignored:
            self._note(document.kind, document.name, Outcome.IGNORED, reason)

    def _note(self, kind: Kind, name: str, outcome: Outcome, detail: str | None = None) -> None:
        self.objects.append(
            ImportedObject(kind=kind.value, name=name, outcome=outcome, detail=detail)
        )

    async def _placed(self, planned: Planned[Any], work: Any) -> None:
        """What an object is refused for by the resource itself, at the object's place."""
        try:
            await work
        except ApiError as refused:
            if refused.status not in (409, 422):
                raise
            place = refused.errors[0].pointer if refused.errors else ""
            detail = f"{place}: {refused.detail}" if place else refused.detail
            errors = [FieldError(planned.pointer, detail, refused.code)]
            raise Invalid(
                "The documents are not taken: nothing was written", errors=errors
            ) from None

    async def _data_source(self, document: Document) -> None:
        spec = document.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        metadata = document.metadata.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        kept = rules.without_secrets(spec)
        written = {"apiVersion": V1, "kind": Kind.DATA_SOURCE.value, "metadata": metadata}
        whole = {**written, "spec": kept}
        before = (await queries.data_sources(self.session)).get(document.name)
        if before == whole:
            self._note(document.kind, document.name, Outcome.UNCHANGED)
            return
        at, by = clock.now(), self.caller.person
        row = {"name": document.name, "document": whole, "recorded_at": at, "recorded_by": by}
        await queries.put_data_source(self.session, row)
        outcome = Outcome.CREATED if before is None else Outcome.CHANGED
        subject = ("openslo_data_source", document.name)
        await audit.record(self.session, self.caller, outcome.value, subject, before, whole)
        self._note(document.kind, document.name, outcome)

    async def _sli(self, body: SliCreate) -> None:
        present = (await slis_by_key(self.session, [body.key])).get(body.key)
        if present is None:
            await create_sli(self.session, self.caller, body)
            self._note(Kind.SLI, body.key, Outcome.CREATED)
            return
        _refuse_other(SliOut.model_validate(present), body, SliPatch)
        patch = SliPatch.model_validate(_patched(body, SliPatch))
        after = await change_sli(self.session, self.caller, body.key, patch, ANY_VERSION)
        self._note(Kind.SLI, body.key, _outcome(present, after))

    async def _slo(self, body: SloCreate) -> None:
        present = next(iter(await slos_by_key(self.session, [body.key])), None)
        if present is None:
            await create_slo(self.session, self.caller, body)
            self._note(Kind.SLO, body.key, Outcome.CREATED)
            return
        _refuse_other(present, body, SloPatch)
        patch = SloPatch.model_validate(_patched(body, SloPatch))
        after = await change_slo(self.session, self.caller, body.key, patch, ANY_VERSION)
        self._note(Kind.SLO, body.key, _outcome(present, after))

    async def _policy(self, slo: str, body: AlertPolicyCreate) -> None:
        active = await active_policies(self.session, [slo])
        present = next((one for one in active if one.key == body.key), None)
        if present is None:
            await create_policy(self.session, self.caller, slo, body)
            self._note(Kind.ALERT_POLICY, body.key, Outcome.CREATED, f"of {slo}")
            return
        patch = AlertPolicyPatch.model_validate(_patched(body, AlertPolicyPatch))
        after = await change_policy(self.session, self.caller, (slo, body.key), patch, ANY_VERSION)
        self._note(Kind.ALERT_POLICY, body.key, _outcome(present, after), f"of {slo}")


def _patched(body: Any, patch: Any) -> dict[str, Any]:
    """The fields of a body that a patch can change."""
    whole: dict[str, Any] = body.model_dump()
    return {name: whole[name] for name in patch.model_fields}


def _refuse_other(present: Any, body: Any, patch: Any) -> None:
    """What a definition keeps for ever cannot be imported otherwise (422)."""
    for name in type(body).model_fields:
        if name not in patch.model_fields and getattr(present, name) != getattr(body, name):
            raise Invalid(
                f"{body.key} is there with another {name}, which stays: choose another name",
                code="other_definition",
                pointer=f"/{name}",
            )


def _outcome(before: Any, after: Any) -> Outcome:
    return Outcome.UNCHANGED if before.version == after.version else Outcome.CHANGED


async def export_documents(
    session: Session, service: str | None, slo: str | None
) -> list[dict[str, Any]]:
    """Data sources, SLIs and SLOs with their policies, in the order in which they import.

    Raises NotFound for an unknown SLO, Invalid for more SLOs than one export holds.
    """
    slos = await queries.exported_slos(session, service, slo, EXPORT_LIMIT)
    if slo is not None and not slos:
        raise NotFound(f"There is no active SLO {slo}")
    if len(slos) > EXPORT_LIMIT:
        raise Invalid(
            f"There are more than {EXPORT_LIMIT} SLOs: export service by service",
            pointer="/query/service",
        )
    wanted = [one.sli for one in slos if one.sli]
    wanted += [each["sli"] for one in slos for each in one.objectives if each.get("sli")]
    slis = [
        SliOut.model_validate(row)
        for row in await queries.exported_slis(session, wanted, service, everything=slo is None)
    ]
    policies: dict[str, list[AlertPolicyOut]] = {}
    for row in await active_policies(session, [one.key for one in slos]):
        policies.setdefault(row.slo, []).append(AlertPolicyOut.model_validate(row))
    return [
        *await _sources_of(session, slis),
        *(rules.sli_document(sli) for sli in slis),
        *(rules.slo_document(_slo_out(one), policies.get(one.key, [])) for one in slos),
    ]


def _slo_out(row: Any) -> SloOut:
    return SloOut.model_validate({**row._mapping, "composite": row.sli is None})


async def _sources_of(session: Session, slis: Sequence[SliOut]) -> list[Any]:
    """The data sources that these SLIs refer to, as far as they were imported."""
    named = {source.metric_source_ref for sli in slis for source in sli.sources.values()}
    found = await queries.data_sources(session)
    return [document for name, document in found.items() if name in named]
