"""Reports that were issued and their documents; neither is ever changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.issued_reports.rules import ReportKind
from shared.kit.forms import Form
from shared.kit.tables import APPEND_ONLY

_KINDS = ", ".join(f"'{kind.value}'" for kind in ReportKind)
_FORMATS = ", ".join(f"'{form.value}'" for form in Form)


class IssuedReport(Base):
    """What was asked and when; `sha256` is that of its JSON document."""

    __tablename__ = "issued_report"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        Index(None, "issued_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    as_of: Mapped[datetime | None] = mapped_column(comment="null: as it stood when it was issued")
    rows: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[bytes] = mapped_column(BYTEA)
    issued_at: Mapped[datetime]
    issued_by: Mapped[str]


class IssuedDocument(Base):
    """One form of an issued report, byte for byte."""

    __tablename__ = "issued_document"
    __table_args__ = (
        CheckConstraint(f"format IN ({_FORMATS})", name="format"),
        {"info": APPEND_ONLY},
    )

    report_id: Mapped[UUID] = mapped_column(
        ForeignKey("metrics.issued_report.id"), primary_key=True
    )
    format: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(BYTEA)
    size: Mapped[int] = mapped_column(Integer, comment="bytes of the body")
    sha256: Mapped[bytes] = mapped_column(BYTEA, comment="of the body")
