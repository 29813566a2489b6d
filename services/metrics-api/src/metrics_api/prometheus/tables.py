"""Prometheus servers, and how far each SLI has been queried."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class PrometheusServer(Base):
    __tablename__ = "prometheus_server"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    url: Mapped[str] = mapped_column(comment="up to where /api/v1 begins")
    # Asking needs the plain token: it cannot be a hash.
    token: Mapped[str | None]
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PrometheusQuery(Base):
    """The state of an SLI's queries; `queried_until` is the last moment that was answered."""

    __tablename__ = "prometheus_query"

    sli: Mapped[str] = mapped_column(ForeignKey("metrics.sli.key"), primary_key=True)
    queried_until: Mapped[datetime | None]
    last_run_at: Mapped[datetime]
    last_error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(Integer, comment="in a row")
