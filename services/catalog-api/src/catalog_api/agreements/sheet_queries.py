"""The SQL of what the service document shows of agreements."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    Text,
    case,
    cast,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import array

from catalog_api import rows
from catalog_api.agreements.tables import Agreement, AgreementScope, AgreementVersion
from catalog_api.dependencies.queries import edges_of
from catalog_api.dependencies.rules import Strength
from catalog_api.rows import table_of
from shared.schemas.agreements import AgreementKind, AgreementState

_agreement = table_of(Agreement).c
_version = table_of(AgreementVersion).c
_scope = table_of(AgreementScope).c
_SCOPE_OF_VERSION = (_scope.agreement_key == _version.agreement_key) & (
    _scope.version == _version.version
)
# Of the service document: more agreements on one service would be another problem.
_SHOWN = 100
_OPERATIONAL = {"service": AgreementKind.OLA, "vendor_product": AgreementKind.UNDERPINNING_CONTRACT}


def section(service: Any) -> ScalarSelect[Any]:
    """What is agreed on a service, and which of its hard dependencies nobody has agreed on."""
    text = _version.text
    agreed = (
        select(
            _version.agreement_key.label("agreement"),
            _agreement.name,
            _agreement.kind,
            _version.version,
            _version.state,
            text["provider"]["name"].label("provider"),
            text["customer"]["name"].label("customer"),
            text["hours"].label("hours"),
            text["priority_scheme"].label("priority_scheme"),
            text["targets"].label("targets"),
            text["guarantees"].label("guarantees"),
            _version.review_date,
            _version.starts_at,
            _version.ends_at,
            _version.activated_at,
        )
        .join_from(AgreementVersion, AgreementScope, _SCOPE_OF_VERSION)
        .join(Agreement, _agreement.key == _version.agreement_key)
        .where(
            _scope.service_key == service,
            _version.state.in_([AgreementState.SIGNED, AgreementState.ACTIVE]),
        )
        .order_by(_version.agreement_key, _version.version)
        .limit(_SHOWN)
    )
    needed = _hard_providers(service).cte("needed_hard")
    uncovered = select(needed).where(~_covered(needed.c)).order_by(*needed.c).limit(_SHOWN)
    return rows.json_object(
        select(
            rows.json_list(agreed).label("items"),
            select(func.count()).select_from(needed).scalar_subquery().label("needed_count"),
            rows.json_list(uncovered).label("uncovered"),
        )
    )


def _hard_providers(service: Any) -> Select[Any]:
    """`kind` and `key` of what a service itself cannot do without."""
    itself = select(array([cast(service, Text)]).label("reached")).cte("agreed_on")
    edge = edges_of(itself).subquery("edge")
    return select(edge.c.kind, edge.c.key).where(edge.c.strength == Strength.HARD)


def _covered(needed: Any) -> ColumnElement[bool]:
    """Whether an OLA, or for a vendor product an underpinning contract, covers it now."""
    scope_key = case(
        (needed.kind == "service", _scope.service_key), else_=_scope.vendor_product_key
    )
    wanted = case(
        *((needed.kind == kind, literal(value.value)) for kind, value in _OPERATIONAL.items())
    )
    return exists(
        select(_version.version)
        .join_from(AgreementVersion, AgreementScope, _SCOPE_OF_VERSION)
        .join(Agreement, _agreement.key == _version.agreement_key)
        .where(
            _version.state == AgreementState.ACTIVE,
            scope_key == needed.key,
            cast(_agreement.kind, Text) == wanted,
        )
    )
