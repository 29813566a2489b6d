"""The service document over HTTP: as JSON, or as a page to print."""

from typing import Annotated, Any, Literal

from fastapi import Header, Query, Response
from starlette.concurrency import run_in_threadpool

from catalog_api.documents import actions
from catalog_api.documents.page import as_page
from catalog_api.documents.schemas import ServiceDocument
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.forms import Form, accepted_form
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

router = Router(prefix="/v1/services/{key}", tags=["services"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
_OFFERED = (Form.JSON, Form.HTML)
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
    response: Response,
    form: Annotated[
        Literal[Form.JSON, Form.HTML] | None,
        Query(alias="format", description="stands above the Accept header"),
    ] = None,
    accept: Annotated[str, Header()] = "",
) -> Any:
    """Everything the catalog knows of a service, in one call."""
    document = await actions.document_of(session, key)
    if (form or accepted_form(accept, _OFFERED)) is Form.HTML:
        page = await run_in_threadpool(as_page, document)
        return Response(page, headers={"Vary": "Accept"}, media_type="text/html; charset=utf-8")
    response.headers["Vary"] = "Accept"
    return document
