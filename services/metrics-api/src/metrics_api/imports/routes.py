"""HTTP of imports: what became of each bulk request."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from metrics_api.imports import queries
from metrics_api.imports.schemas import ImportOut
from metrics_api.imports.tables import Import, ImportRejection
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page
from shared.schemas.metrics import Rejection

# Whoever may push records may see what became of them.
ImportsRead = Annotated[Principal, requires("incidents:write")]

router = Router(prefix="/v1/imports", tags=["imports"])


@router.get("", operation_id="list_imports", responses=problem_responses(400))
async def list_imports(session: Session, _: ImportsRead, page: PageQuery) -> Page[ImportOut]:
    """All bulk requests, the newest first."""
    rows = await queries.list_imports(session, page)
    return Page[ImportOut].model_validate(page_of(rows, page, key=_started))


@router.get("/{import_id}", operation_id="get_import", responses=problem_responses(404))
async def get_import(import_id: UUID, session: Session, _: ImportsRead) -> ImportOut:
    """One bulk request, also while it runs."""
    return ImportOut.model_validate(await queries.get_import(session, import_id))


@router.get(
    "/{import_id}/rejections",
    operation_id="list_rejections",
    responses=problem_responses(400, 404),
)
async def list_rejections(
    import_id: UUID, session: Session, _: ImportsRead, page: PageQuery
) -> Page[Rejection]:
    """Every row of a bulk request that was not accepted, with its place and the reason."""
    await queries.get_import(session, import_id)
    rows = await queries.list_rejections(session, import_id, page)
    return Page[Rejection].model_validate(page_of(rows, page, key=_line))


def _started(row: Import) -> tuple[datetime, UUID]:
    return (row.started_at, row.id)


def _line(row: ImportRejection) -> tuple[int]:
    return (row.line,)
