"""What the plumbing needs to know of a service to serve, migrate and work for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from sqlalchemy import MetaData

from shared.kit.settings import ServiceSettings


@dataclass(frozen=True)
class ServiceDefinition:
    """One service: its package, settings, app factory, tables and jobs.

    `routines` are SQL signatures of functions that the runtime role may execute, `extensions`
    what these use: wherever an extension lives, the role may look into its schema.
    """

    package: str
    settings: Callable[[], ServiceSettings]
    create_app: Callable[[Any], FastAPI]
    metadata: MetaData
    jobs: Sequence[Any]
    routines: Sequence[str] = ()
    extensions: Sequence[str] = ()

    @property
    def schema(self) -> str:
        assert self.metadata.schema is not None
        return self.metadata.schema

    @property
    def name(self) -> str:
        """The service's name, as in URLs and logs: catalog-api."""
        return self.package.replace("_", "-")
