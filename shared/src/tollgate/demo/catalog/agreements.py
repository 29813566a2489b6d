"""What is agreed with customers, between units and with vendors, and who has signed it."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from tollgate.demo.catalog.support_hours import ALWAYS, OFFICE, STANDARD
from tollgate.demo.making import Providers, change, create, ensure, read


class Party(NamedTuple):
    kind: str
    name: str
    signatory: str
    key: str | None = None


class Target(NamedTuple):
    """A service level target and the vital activities or objectives that make it relevant."""

    id: str
    kpi: str
    comparator: str
    value: str
    activities: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    priority: int | None = None


class Agreement(NamedTuple):
    """An agreement and how far it gets: a draft, or signed by so many of its two parties."""

    key: str
    name: str
    kind: str
    provider: Party
    customer: Party
    services: tuple[str, ...]
    products: tuple[str, ...]
    calendar: str
    targets: tuple[Target, ...]
    signatures: int | None
    guarantees: tuple[dict[str, Any], ...] = ()


IT = Party("it", "Information technology", "rosa.klein")
SALES = Party("customer", "Sales", "marco.rossi", "sales")
FINANCE = Party("customer", "Finance", "helga.brandt", "finance")
DEALERS = Party("customer", "Dealers", "olivia.grant", "dealers")

AGREEMENTS = (
    Agreement(
        "links-contract", "Contract for the wide-area links", "underpinning_contract",
        Party("vendor", "Northlight Networks", "mila.strand"),
        Party("it", "Information technology", "ines.moreau"),
        (), ("wide-area-links",), ALWAYS,
        (
            Target("availability", "availability", "gte", "0.998", ("keep-lines-running",)),
            Target("repair", "mttr", "lte", "4", ("keep-lines-running",)),
        ),
        2,
    ),
    Agreement(
        "network-for-erp", "OLA network for the ERP team", "ola",
        Party("unit", "Network operations", "jonas.lind", "network-operations"),
        Party("unit", "ERP team", "asha.verma", "erp-team"),
        ("network-infrastructure",), (), ALWAYS,
        (
            Target("availability", "availability", "gte", "0.995", ("keep-lines-running",)),
            Target(
                "repair-critical", "mttr", "lte", "2.5", (), ("fewer-interruptions",), priority=1
            ),
        ),
        2,
    ),
    Agreement(
        "mail-for-sales", "SLA Email and Calendar for Sales", "sla", IT, SALES,
        ("email-and-calendar",), (), OFFICE,
        (
            Target("availability", "availability", "gte", "0.99", ("talk-to-customers",)),
            Target(
                "repair-critical", "mttr", "lte", "4", ("talk-to-customers",), (), priority=1
            ),
            Target("satisfaction", "csat", "gte", "0.85", (), ("loyal-customers",)),
        ),
        2,
        (
            {
                "target": "availability",
                "basis": "percent",
                "tiers": [
                    {"worse_than": "0.99", "credit": "5"},
                    {"worse_than": "0.97", "credit": "15"},
                ],
                "cap": "15",
            },
        ),
    ),
    Agreement(
        "erp-for-finance", "SLA ERP for Finance", "sla", IT, FINANCE,
        ("erp", "application-support"), (), OFFICE,
        (
            Target(
                "repair-critical", "mttr", "lte", "4", ("close-the-books",), (), priority=1
            ),
            Target("attainment", "sla_attainment", "gte", "0.95", ("close-the-books",)),
        ),
        1,
    ),
    Agreement(
        "portal-for-dealers", "SLA Partner Portal for Dealers", "sla", IT, DEALERS,
        ("partner-portal",), (), OFFICE,
        (Target("repair", "mttr", "lte", "6", (), ("faster-order-to-cash",)),),
        2,
    ),
    Agreement(
        "files-for-dealers", "SLA File Sharing for Dealers", "sla", IT, DEALERS,
        ("file-sharing",), (), OFFICE,
        (Target("availability", "availability", "gte", "0.98", ("get-drawings",)),),
        None,
    ),
)  # fmt: skip


def load_agreements(at: Providers, until: date) -> None:
    """Every first version; active ones are signed by a person of each side, in their own name."""
    for agreement in AGREEMENTS:
        ensure(at.catalog, "/v1/agreements", _agreement(agreement, until))
        if agreement.signatures is not None:
            _sign(at, agreement)


def _sign(at: Providers, agreement: Agreement) -> None:
    """What is left of submitting the first version and signing it."""
    path = f"/v1/agreements/{agreement.key}/versions/1"
    version = read(at.catalog, path)
    if version["state"] == "draft":
        version = change(at.catalog, "POST", f"{path}/submit", None)
    if version["state"] != "in_review":
        return
    signed = {signature["side"] for signature in version["signatures"]}
    sides = {"provider": agreement.provider, "customer": agreement.customer}
    for side, party in list(sides.items())[: agreement.signatures]:
        signatory = at.person(party.signatory)
        if side not in signed and signatory is not None:
            body = {"side": side, "text_hash": version["text_hash"]}
            create(at.catalog, f"{path}/signatures", body, auth=signatory)


def _agreement(agreement: Agreement, until: date) -> dict[str, Any]:
    return {
        "key": agreement.key,
        "name": agreement.name,
        "kind": agreement.kind,
        "provider": _party(agreement.provider),
        "customer": _party(agreement.customer),
        "services": agreement.services,
        "vendor_products": agreement.products,
        "hours": {"calendar": agreement.calendar},
        "priority_scheme": {"scheme": STANDARD} if agreement.kind == "sla" else None,
        "targets": [_target(target) for target in agreement.targets],
        "guarantees": agreement.guarantees,
        "valid_from": str(until - timedelta(days=60)),
        "valid_to": str(until + timedelta(days=670)),
        "review_date": str(until + timedelta(days=270)),
    }


def _party(party: Party) -> dict[str, Any]:
    return {
        "kind": party.kind,
        "key": party.key,
        "name": party.name,
        "signatories": [party.signatory],
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "kpi": target.kpi,
        "comparator": target.comparator,
        "value": target.value,
        "period": "month",
        "priority": target.priority,
        "vital_activities": target.activities,
        "objectives": target.objectives,
    }
