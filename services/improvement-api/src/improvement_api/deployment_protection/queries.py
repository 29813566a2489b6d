"""Statements over rules of deployment protection and the deployments that ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.deployment_protection.rules import RequestState
from improvement_api.deployment_protection.tables import DeploymentRequest, DeploymentRule
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class RuleFilter:
    """None means any."""

    repository: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class RequestFilter:
    """None means any; repository and environment in lower case."""

    state: RequestState | None = None
    repository: str | None = None
    environment: str | None = None
    service: str | None = None


async def insert_rule(session: AsyncSession, values: Mapping[str, Any]) -> DeploymentRule | None:
    """Add a rule; None when its environment has one."""
    statement = insert(DeploymentRule).values(dict(values)).on_conflict_do_nothing()
    return await session.scalar(statement.returning(DeploymentRule))


async def list_rules(
    session: AsyncSession, wanted: RuleFilter, page: PageParams
) -> list[DeploymentRule]:
    """Rules by repository and environment, one more than the page holds."""
    statement = select(DeploymentRule)
    if wanted.repository is not None:
        statement = statement.where(DeploymentRule.repository == wanted.repository)
    if wanted.service is not None:
        statement = statement.where(DeploymentRule.service == wanted.service)
    order: list[Any] = [DeploymentRule.repository, DeploymentRule.environment]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_rule(session: AsyncSession, rule_id: UUID, *, lock: bool = False) -> DeploymentRule:
    rule = await session.get(DeploymentRule, rule_id, with_for_update=lock or None)
    if rule is None:
        raise NotFound(f"There is no deployment rule {rule_id}")
    return rule


async def find_rule(
    session: AsyncSession, repository: str, environment: str
) -> DeploymentRule | None:
    """The rule of an environment, in whatever case it is spelled."""
    statement = select(DeploymentRule).where(
        DeploymentRule.repository == repository.lower(),
        DeploymentRule.environment == environment.lower(),
    )
    return await session.scalar(statement)


async def delete_rule(session: AsyncSession, rule: DeploymentRule) -> None:
    await session.delete(rule)
    await session.flush()


async def keep_request(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Store a request; False when its delivery was taken before."""
    statement = insert(DeploymentRequest).values(dict(values)).on_conflict_do_nothing()
    kept = await session.scalar(statement.returning(DeploymentRequest.delivery))
    return kept is not None


async def find_request(
    session: AsyncSession, delivery: str, *, lock: bool = False
) -> DeploymentRequest | None:
    return await session.get(DeploymentRequest, delivery, with_for_update=lock or None)


async def get_request(session: AsyncSession, delivery: str) -> DeploymentRequest:
    found = await find_request(session, delivery)
    if found is None:
        raise NotFound("There is no such deployment request")
    return found


async def list_requests(
    session: AsyncSession, wanted: RequestFilter, page: PageParams
) -> list[DeploymentRequest]:
    """Requests, newest first, one more than the page holds."""
    table = DeploymentRequest
    statement = select(table)
    for column, value in (
        (table.state, wanted.state),
        (func.lower(table.repository), wanted.repository),
        (func.lower(table.environment), wanted.environment),
        (table.service, wanted.service),
    ):
        if value is not None:
            statement = statement.where(column == value)
    order: list[Any] = [table.received_at.desc(), table.delivery.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def waiting_for(session: AsyncSession, repository: str, environment: str) -> list[str]:
    """The deliveries of an environment that have no answer yet."""
    statement = select(DeploymentRequest.delivery).where(
        func.lower(DeploymentRequest.repository) == repository.lower(),
        func.lower(DeploymentRequest.environment) == environment.lower(),
        DeploymentRequest.state == RequestState.WAITING,
    )
    return list(await session.scalars(statement))
