"""How far the ten processes are lived: looked at once the services have what shows it."""

from datetime import date

from tollgate.demo.making import Providers, create

REPORT = "/v1/reports/process-embedding"


def load_embedding(at: Providers, _until: date) -> None:
    """Order a look: one of the hour may have met services that had next to nothing yet."""
    create(at.improvement, f"{REPORT}/looks", None)
