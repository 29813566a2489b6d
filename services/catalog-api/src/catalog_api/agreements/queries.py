"""Every SQL statement about agreements."""

from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.agreements.tables import AgreementScope, AgreementTarget, AgreementVersion
from catalog_api.rows import table_of
from shared.schemas.agreements import AgreementState

_version = table_of(AgreementVersion).c
_scope = table_of(AgreementScope).c
_target = table_of(AgreementTarget).c

_SCOPE_OF_VERSION = (_scope.agreement_key == _version.agreement_key) & (
    _scope.version == _version.version
)
_TARGET_OF_VERSION = (_target.agreement_key == _version.agreement_key) & (
    _target.version == _version.version
)


def agreed_availability() -> Select[Any]:
    """`kind` (service, vendor_product), `key` and the lowest `availability` promised for it now."""
    kind = case((_scope.service_key.is_not(None), "service"), else_="vendor_product")
    key = func.coalesce(_scope.service_key, _scope.vendor_product_key)
    return (
        select(kind.label("kind"), key.label("key"), func.min(_target.value).label("availability"))
        .join_from(_version.state.table, _scope.version.table, _SCOPE_OF_VERSION)
        .join(_target.version.table, _TARGET_OF_VERSION)
        .where(_version.state == AgreementState.ACTIVE, _target.kpi == "availability")
        .group_by(kind, key)
    )


async def active_agreements(session: AsyncSession, service: str) -> list[str]:
    """Keys of the agreements that cover a service now."""
    statement = (
        select(_version.agreement_key)
        .join_from(_version.state.table, _scope.version.table, _SCOPE_OF_VERSION)
        .where(_version.state == AgreementState.ACTIVE, _scope.service_key == service)
        .order_by(_version.agreement_key)
    )
    return list(await session.scalars(statement))


def signed_promises() -> Select[Any]:
    """What signed and active agreement versions promise about times, a row for each service.

    `targets` is the list of targets of the text.
    """
    return (
        select(
            _scope.service_key.label("service"),
            _version.agreement_key.label("agreement"),
            _version.version,
            _version.scheme_key,
            _version.scheme_version,
            _version.text["targets"].label("targets"),
        )
        .join_from(_version.state.table, _scope.version.table, _SCOPE_OF_VERSION)
        .where(
            _version.state.in_([AgreementState.SIGNED, AgreementState.ACTIVE]),
            _scope.service_key.is_not(None),
        )
    )
