"""Rules of deployment protection, and the deployments that ask by them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.deployment_protection.rules import Answer, RequestState
from shared.schemas.improvement import Gate


class DeploymentRule(Base):
    """`repository` and `environment` in lower case: GitHub does not tell cases apart."""

    __tablename__ = "deployment_rule"
    __table_args__ = (UniqueConstraint("repository", "environment"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    repository: Mapped[str] = mapped_column(Text)
    environment: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    allow_warning: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeploymentRequest(Base):
    """One question of GitHub's, by the id of its delivery. `service` and `gate` are the rule's
    when it was last looked at; `status_told` is what the last status report said."""

    __tablename__ = "deployment_request"
    __table_args__ = (
        CheckConstraint("(state IN ('waiting', 'lapsed')) = (answer IS NULL)", name="answered"),
        Index(None, "received_at", "delivery"),
        Index(
            "ix_deployment_request_waiting",
            text("lower(repository)"),
            text("lower(environment)"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    delivery: Mapped[str] = mapped_column(Text, primary_key=True)
    repository: Mapped[str] = mapped_column(Text)
    environment: Mapped[str] = mapped_column(Text)
    ref: Mapped[str | None] = mapped_column(Text)
    sha: Mapped[str | None] = mapped_column(Text)
    creator: Mapped[str] = mapped_column(Text)
    installation_id: Mapped[int] = mapped_column(BigInteger)
    callback_url: Mapped[str] = mapped_column(Text)
    service: Mapped[str | None] = mapped_column(Text)
    gate: Mapped[Gate | None] = mapped_column(text_enum(Gate, "gate"))
    state: Mapped[RequestState] = mapped_column(text_enum(RequestState, "state"))
    answer: Mapped[Answer | None] = mapped_column(text_enum(Answer, "answer"))
    evaluation_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("improvement.evaluation.id")
    )
    comment: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    reports: Mapped[int] = mapped_column(Integer)
    status_told: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
