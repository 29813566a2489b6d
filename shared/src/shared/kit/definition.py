"""What the plumbing needs to know of a service to serve, migrate and work for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from fastapi import FastAPI
from sqlalchemy import MetaData

from shared.kit.jobs import Job
from shared.kit.settings import ServiceSettings


@dataclass(frozen=True)
class ServiceDefinition:
    """One service: its package, settings, app factory, tables and jobs.

    `app` (a factory that takes the settings) and `jobs` are named as `module:name` and imported by
    the verb that needs them: to import all the routes of a service takes seconds.

    `routines` are SQL signatures of functions that the runtime role may execute, `extensions`
    what these use: wherever an extension lives, the role may look into its schema.
    """

    package: str
    settings: Callable[[], ServiceSettings]
    app: str
    metadata: MetaData
    jobs: str
    routines: Sequence[str] = ()
    extensions: Sequence[str] = ()

    def create_app(self, settings: ServiceSettings | None) -> FastAPI:
        factory: Callable[[Any], FastAPI] = resolve_name(self.app)
        return factory(settings)

    def job_table(self) -> Sequence[Job]:
        jobs: Sequence[Job] = resolve_name(self.jobs)
        return jobs

    @property
    def schema(self) -> str:
        assert self.metadata.schema is not None
        return self.metadata.schema

    @property
    def name(self) -> str:
        """The service's name, as in URLs and logs: catalog-api."""
        return self.package.replace("_", "-")
