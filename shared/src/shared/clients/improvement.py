"""Client of improvement-api: evaluations of tollgates."""

from urllib.parse import quote

from shared.clients.remote import Remote, read
from shared.schemas.common import FactCatalog
from shared.schemas.improvement import EvaluationOut


class ImprovementClient:
    """Every method raises shared.errors: NotFound, Forbidden..., Unavailable with `service`."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def fact_catalog(self) -> FactCatalog:
        return read(FactCatalog, await self._remote.request("GET", "/v1/facts"), self._remote)

    async def evaluate(self, service: str, gate: str) -> EvaluationOut:
        """Evaluate a tollgate for a service; the reply is the evaluation that stands."""
        reply = await self._remote.request(
            "POST",
            f"/v1/services/{quote(service, safe='')}/gates/{quote(gate, safe='')}/evaluations",
        )
        return read(EvaluationOut, reply, self._remote)
