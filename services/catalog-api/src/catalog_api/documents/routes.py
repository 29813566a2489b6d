"""The service document over HTTP: as JSON, or as a page to print."""

from typing import Annotated, Any

from starlette.concurrency import run_in_threadpool

from catalog_api.documents import actions
from catalog_api.documents.page import as_page
from catalog_api.documents.schemas import ServiceDocument
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.page_form import AsPage, page_reply
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

router = Router(prefix="/v1/services/{key}", tags=["services"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document, as JSON or as a page that needs nothing but itself",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/document",
    operation_id="get_service_document",
    response_model=ServiceDocument,
    responses={**_PAGE, **problem_responses(404)},
)
async def get_service_document(
    key: Key,
    session: Session,
    caller: CatalogRead,
    wants_page: AsPage,
) -> Any:
    """Everything the catalog knows of a service, in one call."""
    document = await actions.document_of(session, key)
    if not wants_page:
        return document
    return page_reply(await run_in_threadpool(as_page, document))
