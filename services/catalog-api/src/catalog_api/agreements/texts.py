"""From what is written to what is agreed: a text is checked, its versions pinned, then hashed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog_api.agreements import rules, smart_rules
from catalog_api.agreements.schemas import (
    AgreementWrite,
    Attainability,
    GuaranteeWrite,
    TargetWrite,
)
from catalog_api.calendars import queries as calendar_queries
from catalog_api.ceilings import queries as ceiling_queries
from catalog_api.ceilings.actions import availability_ceilings_under
from catalog_api.ceilings.rules import Dimension
from catalog_api.customers import queries as customer_queries
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.objectives import queries as objective_queries
from catalog_api.organisation import queries as organisation_queries
from catalog_api.priorities import queries as priority_queries
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import queries as registry_queries
from catalog_api.stages.rules import check_not_retired
from catalog_api.vendors import queries as vendor_queries
from catalog_api.vital_activities import queries as activity_queries
from shared import calendars as calendar_rules
from shared.errors import FieldError
from shared.kit.clock import now
from shared.kit.database import Session, answers
from shared.schemas.agreements import (
    AgreedTarget,
    AgreementKind,
    AgreementText,
    CalendarVersionOut,
    PartyKind,
)

_NAMED = 50  # of those whose availability is not known
_KINDS_OF_PARTIES = {PartyKind.CUSTOMER: "customer", PartyKind.UNIT: "organisation_unit"}


@dataclass(frozen=True)
class Address:
    """Which version of which agreement a text is."""

    agreement: str
    version: int
    kind: AgreementKind


async def agreed_text(
    session: Session,
    address: Address,
    written: AgreementWrite,
    earlier: Sequence[Mapping[str, Any]],
) -> AgreementText:
    """The text of a version; 422 with everything in it that cannot be agreed.

    `earlier` are the targets of the version before.
    """
    refuse(smart_rules.unsound(address.kind, written))
    calendar, scheme, errors = await _pins(session, written)
    errors += await _unknown(session, written)
    refuse(errors)
    text = _text(address, written, (calendar, scheme), earlier)
    refuse(_unattainable(text, await attainability(session, text)))
    return text


async def row_of(session: Session, text: AgreementText) -> dict[str, Any]:
    """What of a text is stored with its version."""
    hours, scheme = text.hours, text.priority_scheme
    found = await calendar_queries.get_version(session, hours.calendar, hours.calendar_version)
    calendar = calendar_rules.calendar_of(CalendarVersionOut.model_validate(found))
    starts_at, ends_at = rules.bounds(calendar.zone, text.valid_from, text.valid_to)
    return {
        "text": text.model_dump(mode="json"),
        "text_hash": rules.text_hash(text),
        "calendar_key": hours.calendar,
        "calendar_version": hours.calendar_version,
        "scheme_key": scheme.scheme if scheme else None,
        "scheme_version": scheme.scheme_version if scheme else None,
        "review_date": text.review_date,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }


def scope_of(text: AgreementText) -> set[Node]:
    """What a text promises something about."""
    services = {Node(NodeKind.SERVICE, key) for key in text.services}
    return services | {Node(NodeKind.VENDOR_PRODUCT, key) for key in text.vendor_products}


async def attainability(session: Session, text: AgreementText) -> list[Attainability]:
    """Each promised availability beside the ceiling of each service once the text holds.

    An exception lets one go beyond it.
    """
    targets = [target for target in text.targets if target.kpi == "availability"]
    if not targets:
        return []
    promised, today = _promised(text, targets), now().date()
    ceilings = await availability_ceilings_under(session, text.services, text.agreement, promised)
    excepted = await answers(
        session, {key: ceiling_queries.valid_exceptions(key, today) for key in text.services}
    )
    found = []
    for service in text.services:
        ceiling = ceilings[service]
        value = None if ceiling.value is None else float(ceiling.value)
        free = Dimension.AVAILABILITY in excepted[service]
        found += [
            Attainability(
                target=target.id,
                service=service,
                promised=target.value,
                ceiling=value,
                missing=[node.key for node in ceiling.missing[:_NAMED]],
                attainable=_attainable(target.value, value, free=free),
            )
            for target in targets
        ]
    return found


def _promised(text: AgreementText, targets: Sequence[AgreedTarget]) -> dict[Node, Decimal]:
    """What others can count on of each service and vendor product that the text is about."""
    return dict.fromkeys(scope_of(text), min(Decimal(str(one.value)) for one in targets))


def _attainable(promised: float, ceiling: float | None, *, free: bool) -> bool | None:
    if ceiling is None:
        return None
    return free or promised <= ceiling


def _unattainable(text: AgreementText, found: Sequence[Attainability]) -> list[FieldError]:
    positions = {target.id: position for position, target in enumerate(text.targets)}
    return [
        FieldError(f"/targets/{positions[one.target]}/value", beyond(one), "not_attainable")
        for one in found
        if one.attainable is False
    ]


def beyond(one: Attainability) -> str:
    """Why a promise cannot be kept."""
    return f"what {one.service} depends on allows {one.ceiling}, and {one.promised} is promised"


async def _pins(
    session: Session, written: AgreementWrite
) -> tuple[int, int | None, list[FieldError]]:
    """The versions of calendar and scheme: those that are named, or else the newest ones."""
    hours, scheme = written.hours, written.priority_scheme
    newest = await calendar_queries.newest_versions(session, {hours.calendar})
    calendar, errors = _pin(
        ("calendar", "/hours"), (hours.calendar, hours.calendar_version), newest
    )
    if scheme is None:
        return calendar, None, errors
    newest = await priority_queries.newest_versions(session, {scheme.scheme})
    pinned, more = _pin(
        ("priority_scheme", "/priority_scheme"), (scheme.scheme, scheme.scheme_version), newest
    )
    return calendar, pinned, errors + more


def _pin(
    what: tuple[str, str], asked: tuple[str, int | None], newest: Mapping[str, int]
) -> tuple[int, list[FieldError]]:
    (resource, pointer), (key, version) = what, asked
    field = "calendar" if resource == "calendar" else "scheme"
    if key not in newest:
        return 0, [unknown(resource, f"{pointer}/{field}", key)]
    if version is not None and version > newest[key]:
        detail = f"the newest version of {key} is {newest[key]}"
        return 0, [FieldError(f"{pointer}/{field}_version", detail, f"unknown_{resource}_version")]
    return version or newest[key], []


async def _unknown(session: Session, written: AgreementWrite) -> list[FieldError]:
    """Parties, scope and links that are not there; 409 for a service in retirement."""
    errors = await _unknown_parties(session, written)
    services = await registry_queries.get_services(session, written.services)
    for key, service in services.items():
        check_not_retired(key, service.stage, "be agreed on")
    errors += _missing("service", "/services", written.services, services)
    products = await vendor_queries.known_keys(session, written.vendor_products)
    errors += _missing("vendor_product", "/vendor_products", written.vendor_products, products)
    activities = await activity_queries.known_keys(
        session, {key for target in written.targets for key in target.vital_activities}
    )
    objectives = await objective_queries.known_keys(
        session, {key for target in written.targets for key in target.objectives}
    )
    for position, target in enumerate(written.targets):
        pointer = f"/targets/{position}"
        errors += _missing(
            "vital_activity", f"{pointer}/vital_activities", target.vital_activities, activities
        )
        errors += _missing("objective", f"{pointer}/objectives", target.objectives, objectives)
    return errors


async def _unknown_parties(session: Session, written: AgreementWrite) -> list[FieldError]:
    errors = []
    for side, party in (("provider", written.provider), ("customer", written.customer)):
        if party.key is None or party.kind not in _KINDS_OF_PARTIES:
            continue
        known = (
            await customer_queries.known_keys(session, {party.key})
            if party.kind is PartyKind.CUSTOMER
            else await organisation_queries.known_units(session, {party.key})
        )
        if not known:
            errors.append(unknown(_KINDS_OF_PARTIES[party.kind], f"/{side}/key", party.key))
    return errors


def _missing(
    resource: str, pointer: str, keys: Sequence[str], known: Collection[str]
) -> list[FieldError]:
    return [
        unknown(resource, f"{pointer}/{position}", key)
        for position, key in enumerate(keys)
        if key not in known
    ]


def _text(
    address: Address,
    written: AgreementWrite,
    pins: tuple[int, int | None],
    earlier: Sequence[Mapping[str, Any]],
) -> AgreementText:
    """The whole text; what is a set is sorted, so that its order is no difference."""
    scheme = written.priority_scheme
    targets = [_target(target, written) for target in written.targets]
    return AgreementText.model_validate(
        {
            **written.model_dump(mode="json"),
            "agreement": address.agreement,
            "version": address.version,
            "kind": address.kind,
            "services": sorted(written.services),
            "vendor_products": sorted(written.vendor_products),
            "hours": {"calendar": written.hours.calendar, "calendar_version": pins[0]},
            "priority_scheme": scheme and {"scheme": scheme.scheme, "scheme_version": pins[1]},
            "targets": rules.pinned_targets(targets, earlier),
            "guarantees": [_guarantee(one) for one in written.guarantees],
        }
    )


def _target(target: TargetWrite, written: AgreementWrite) -> dict[str, Any]:
    fields = target.model_dump(mode="json")
    return fields | {
        "value": float(target.value or 0),
        "unit": smart_rules.unit_of(target),
        "vital_activities": sorted(set(target.vital_activities)),
        "objectives": sorted(set(target.objectives)),
        "valid_from": (target.valid_from or written.valid_from).isoformat(),
        "review_date": (target.review_date or written.review_date).isoformat(),
    }


def _guarantee(guarantee: GuaranteeWrite) -> dict[str, Any]:
    fields = guarantee.model_dump(mode="json")
    tiers = [
        {"worse_than": float(tier.worse_than), "credit": _plain(tier.credit)}
        for tier in guarantee.tiers
    ]
    return fields | {"tiers": tiers, "cap": _plain(guarantee.cap)}


def _plain(amount: Decimal) -> str:
    """One spelling of an amount: 5, 5.0 and 5.00 are the same promise."""
    return f"{amount.normalize():f}"
