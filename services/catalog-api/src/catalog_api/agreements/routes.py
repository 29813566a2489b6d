"""Agreements over HTTP: written, reviewed, signed, terminated; the rest time does."""

from typing import Annotated, Any

from fastapi import Depends, Path, Response

from catalog_api.agreements import actions, queries, rules, signing, texts
from catalog_api.agreements.queries import AgreementFilters
from catalog_api.agreements.schemas import (
    AgreementCreate,
    AgreementOut,
    AgreementPatch,
    AgreementVersionSummary,
    AgreementWrite,
    AttainabilityReport,
    SignatureWrite,
    Termination,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.agreements import (
    AgreementKind,
    AgreementState,
    AgreementText,
    AgreementVersionOut,
)
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/agreements", tags=["agreements"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
AgreementSigner = Annotated[Principal, requires("approvals:write")]
VersionNumber = Annotated[int, Path(ge=1, lt=2**31)]


async def agreement_filters(
    kind: AgreementKind | None = None,
    service: Key | None = None,
    vendor_product: Key | None = None,
    state: AgreementState | None = None,
) -> AgreementFilters:
    return AgreementFilters(kind, service, vendor_product, state)


Filters = Annotated[AgreementFilters, Depends(agreement_filters)]


@router.post(
    "",
    status_code=201,
    operation_id="create_agreement",
    responses=problem_responses(409),
)
async def create_agreement(
    body: AgreementCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> AgreementVersionOut:
    """Create an agreement with its first version, a draft.

    Its targets must be SMART: specific, measurable, attainable, relevant, time-bound; each that
    is not is refused with its reason.
    """
    key = await actions.create_agreement(session, caller, body)
    response.headers["Location"] = f"/v1/agreements/{key}"
    return _tagged(await actions.version_of(session, key, 1), response)


@router.get("", operation_id="list_agreements", response_model=Page[AgreementOut])
async def list_agreements(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Agreements by key; filters on scope and state ask for one version that fits them all."""
    rows = await queries.list_agreements(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get(
    "/{key}",
    operation_id="get_agreement",
    response_model=AgreementOut,
    responses=problem_responses(404),
)
async def get_agreement(key: Key, session: Session, caller: CatalogRead, response: Response) -> Any:
    """An agreement with the state of its newest version and the number of the active one."""
    agreement = await queries.get_agreement(session, key)
    set_etag(response, agreement.revision)
    return agreement


@router.patch(
    "/{key}",
    operation_id="rename_agreement",
    response_model=AgreementOut,
    responses=problem_responses(404, 412, 428),
)
async def rename_agreement(
    key: Key,
    body: AgreementPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change what it is called; what it says changes by its versions."""
    await actions.rename_agreement(session, caller, key, body, expected)
    agreement = await queries.get_agreement(session, key)
    set_etag(response, agreement.revision)
    return agreement


@router.post(
    "/{key}/versions",
    status_code=201,
    operation_id="add_agreement_version",
    responses=problem_responses(404, 409),
)
async def add_agreement_version(
    key: Key,
    body: AgreementWrite,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> AgreementVersionOut:
    """Draft the next version. The active one holds until this one begins."""
    version = await actions.add_version(session, caller, key, body)
    response.headers["Location"] = f"/v1/agreements/{key}/versions/{version.version}"
    return _tagged(version, response)


@router.get(
    "/{key}/versions",
    operation_id="list_agreement_versions",
    response_model=Page[AgreementVersionSummary],
    responses=problem_responses(404),
)
async def list_agreement_versions(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Versions, newest first, without their text."""
    await queries.get_agreement(session, key)
    rows = await queries.list_versions(session, key, page)
    return page_of(rows, page, key=lambda row: (row.version,))


@router.get(
    "/{key}/versions/{version}",
    operation_id="get_agreement_version",
    responses=problem_responses(404),
)
async def get_agreement_version(
    key: Key, version: VersionNumber, session: Session, caller: CatalogRead, response: Response
) -> AgreementVersionOut:
    """A version with its text, its hash and the signatures under it."""
    return _tagged(await actions.version_of(session, key, version), response)


@router.get(
    "/{key}/versions/{version}/text",
    operation_id="get_agreement_text",
    response_model=AgreementText,
    responses=problem_responses(404),
)
async def get_agreement_text(
    key: Key, version: VersionNumber, session: Session, caller: CatalogRead
) -> Any:
    """The text in its canonical spelling (RFC 8785): the SHA-256 of these bytes is its hash."""
    found = await actions.version_of(session, key, version)
    return Response(rules.canonical(found.text), media_type="application/json")


@router.get(
    "/{key}/versions/{version}/attainability",
    operation_id="get_agreement_attainability",
    responses=problem_responses(404),
)
async def get_agreement_attainability(
    key: Key, version: VersionNumber, session: Session, caller: CatalogRead
) -> AttainabilityReport:
    """What is promised beside what the dependencies of each service allow, also where unknown."""
    found = await actions.version_of(session, key, version)
    targets = await texts.attainability(session, found.text)
    return AttainabilityReport(agreement=key, version=version, availability_targets=targets)


@router.put(
    "/{key}/versions/{version}",
    operation_id="change_agreement_draft",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_agreement_draft(
    key: Key,
    version: VersionNumber,
    body: AgreementWrite,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> AgreementVersionOut:
    """Replace the text of a draft. One in review becomes a draft again and is signed anew."""
    changed = await actions.change_draft(session, caller, (key, version), body, expected)
    return _tagged(changed, response)


@router.post(
    "/{key}/versions/{version}/submit",
    operation_id="submit_agreement_version",
    responses=problem_responses(404, 409),
)
async def submit_agreement_version(
    key: Key, version: VersionNumber, session: Session, caller: CatalogWrite, response: Response
) -> AgreementVersionOut:
    """Put a draft into review, where it can be signed."""
    return _tagged(await actions.submit_version(session, caller, (key, version)), response)


@router.post(
    "/{key}/versions/{version}/signatures",
    status_code=201,
    operation_id="sign_agreement_version",
    responses=problem_responses(404, 409),
)
async def sign_agreement_version(
    key: Key,
    version: VersionNumber,
    body: SignatureWrite,
    session: Session,
    caller: AgreementSigner,
    response: Response,
    _: Idempotent,
) -> AgreementVersionOut:
    """Sign in person for one side, under the hash of the text one has read.

    When a person of each side has signed, the version is signed. 409 `hash_differs` for another
    text, `looser_than_agreement` and `ceiling_broken` for what could not be kept.
    """
    signed = await signing.sign_version(session, caller, (key, version), body)
    return _tagged(signed, response)


@router.post(
    "/{key}/versions/{version}/terminate",
    operation_id="terminate_agreement_version",
    responses=problem_responses(404, 409),
)
async def terminate_agreement_version(
    key: Key,
    version: VersionNumber,
    body: Termination,
    session: Session,
    caller: AgreementSigner,
    response: Response,
) -> AgreementVersionOut:
    """End an active version before its last day."""
    ended = await actions.terminate_version(session, caller, (key, version), body.reason)
    return _tagged(ended, response)


def _tagged(version: AgreementVersionOut, response: Response) -> AgreementVersionOut:
    set_etag(response, version.revision)
    return version
