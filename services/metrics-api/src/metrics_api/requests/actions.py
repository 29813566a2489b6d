"""Taking in what the catalog tells of its requests; repeats and disorder do no harm."""

from shared.kit.database import Session
from shared.schemas.catalog import RequestSnapshot


async def take_in(session: Session, snapshot: RequestSnapshot) -> bool:
    """Keep a version and let the newest stand; False when it was kept before."""
    return False
