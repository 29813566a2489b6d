"""Every SQL statement of issued reports."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.issued_reports.rules import Document
from metrics_api.issued_reports.tables import IssuedDocument, IssuedReport
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


async def insert_report(
    session: AsyncSession, report: dict[str, Any], documents: Sequence[Document]
) -> None:
    await session.execute(insert(IssuedReport), [report])
    rows = [
        {
            "report_id": report["id"],
            "format": each.format,
            "media_type": each.media_type,
            "body": each.body,
            "size": len(each.body),
            "sha256": each.sha256,
        }
        for each in documents
    ]
    await session.execute(insert(IssuedDocument), rows)


async def list_reports(
    session: AsyncSession, kind: str | None, page: PageParams
) -> Sequence[IssuedReport]:
    """The newest first, one more than the page holds."""
    statement = select(IssuedReport)
    if kind is not None:
        statement = statement.where(IssuedReport.kind == kind)
    order: list[Any] = [IssuedReport.issued_at.desc(), IssuedReport.id.desc()]
    return (await session.scalars(keyset(statement, order, page))).all()


async def get_report(session: AsyncSession, report: UUID) -> IssuedReport:
    """Raises NotFound."""
    found = await session.get(IssuedReport, report)
    if found is None:
        raise NotFound(f"No report {report} was issued")
    return found


async def list_documents(session: AsyncSession, report: UUID) -> list[Any]:
    """What the documents are, without their bytes."""
    columns = (
        IssuedDocument.format,
        IssuedDocument.media_type,
        IssuedDocument.size,
        IssuedDocument.sha256,
    )
    statement = select(*columns).where(IssuedDocument.report_id == report)
    return list((await session.execute(statement.order_by(IssuedDocument.format.desc()))).all())


async def get_document(session: AsyncSession, report: UUID, form: str) -> IssuedDocument:
    """Raises NotFound."""
    found = await session.get(IssuedDocument, (report, form))
    if found is None:
        raise NotFound(f"No report {report} was issued")
    return found
