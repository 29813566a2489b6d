"""The artifact register over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from catalog_api.artifacts import actions, queries, rules
from catalog_api.artifacts.rules import ArtifactKey
from catalog_api.artifacts.schemas import ArtifactOut, ArtifactPatch, ResourceCreate, ResourceOut
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page

router = Router(prefix="/v1/artifacts", tags=["artifacts"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


@router.get("", operation_id="list_artifacts", response_model=Page[ArtifactOut])
async def list_artifacts(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """The ten key artifacts, each with its resources and what it lacks now."""
    rows = await queries.list_artifacts(session, page)
    found = page_of(rows, page, key=lambda row: (row.position,))
    shown = await actions.show(session, found["items"])
    return {**found, "items": [_shown(one) for one in shown]}


@router.get("/{key}", operation_id="get_artifact", responses=problem_responses(404))
async def get_artifact(
    key: ArtifactKey, session: Session, caller: CatalogRead, response: Response
) -> ArtifactOut:
    """An artifact with its resources and what it lacks now."""
    return await _tagged(session, await queries.get_artifact(session, key), response)


@router.patch("/{key}", operation_id="change_artifact", responses=problem_responses(404, 412, 428))
async def change_artifact(
    key: ArtifactKey,
    body: ArtifactPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> ArtifactOut:
    """Name its owner, the day of its next review, or how often it is reviewed."""
    changed = await actions.change_artifact(session, caller, key, body, expected)
    return await _tagged(session, changed, response)


@router.post(
    "/{key}/review", operation_id="review_artifact", responses=problem_responses(404, 409, 412, 428)
)
async def review_artifact(
    key: ArtifactKey,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> ArtifactOut:
    """It has been reviewed today; the next review is a cadence away."""
    reviewed = await actions.review_artifact(session, caller, key, expected)
    return await _tagged(session, reviewed, response)


@router.post(
    "/{key}/resources",
    status_code=201,
    operation_id="link_artifact_resource",
    responses=problem_responses(404, 409),
)
async def link_artifact_resource(
    key: ArtifactKey,
    body: ResourceCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> ArtifactOut:
    """Say what realises the artifact; answers the artifact with what it still lacks."""
    resource = await actions.link_resource(session, caller, key, body)
    response.headers["Location"] = f"/v1/artifacts/{key}/resources/{resource}"
    return await _tagged(session, await queries.get_artifact(session, key), response)


@router.get(
    "/{key}/resources/{resource}",
    operation_id="get_artifact_resource",
    responses=problem_responses(404),
)
async def get_artifact_resource(
    key: ArtifactKey, resource: UUID, session: Session, caller: CatalogRead
) -> ResourceOut:
    """One linked resource."""
    return _resource(*await actions.find_resource(session, key, resource))


@router.delete(
    "/{key}/resources/{resource}",
    status_code=204,
    operation_id="unlink_artifact_resource",
    responses=problem_responses(404),
)
async def unlink_artifact_resource(
    key: ArtifactKey, resource: UUID, session: Session, caller: CatalogWrite
) -> None:
    """The resource does not realise the artifact any more."""
    await actions.unlink_resource(session, caller, key, resource)


async def _tagged(session: Session, artifact: Any, response: Response) -> ArtifactOut:
    set_etag(response, artifact.revision)
    (shown,) = await actions.show(session, [artifact])
    return _shown(shown)


def _shown(one: actions.Shown) -> ArtifactOut:
    return ArtifactOut.model_validate(
        {
            **one.artifact._asdict(),
            "realised_by": rules.fitting(one.artifact.key),
            "resources": [
                _resource(resource, resource.id in one.present) for resource in one.resources
            ],
            "completeness": one.assessment.completeness,
            "missing": one.assessment.missing,
        }
    )


def _resource(resource: Any, present: bool) -> ResourceOut:
    outside = resource.kind in rules.OUTSIDE
    return ResourceOut.model_validate(
        {
            **resource._asdict(),
            "key": None if outside else resource.reference,
            "uri": resource.reference if outside else None,
            "present": present,
        }
    )
