"""The ceilings of a service in its document, and the facts that tollgates read from them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog_api.ceilings import actions, rules
from catalog_api.ceilings.schemas import CeilingsOut
from catalog_api.sheets import Section
from shared.kit.database import Session


async def _load(session: Session, key: str, said: Mapping[str, Any], _: datetime) -> Any:
    return (await actions.ceilings_by(session, key, said)).model_dump(mode="json")


SECTIONS = (
    Section(
        "ceilings",
        "What its hard dependencies allow it to promise, beside what it promises",
        CeilingsOut,
        ask=actions.asked_of,
        load=_load,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)
