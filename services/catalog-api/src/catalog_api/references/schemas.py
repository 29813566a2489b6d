"""External references as they are listed."""

from datetime import datetime

from shared.schemas.catalog import ReferenceOut


class KeptReference(ReferenceOut):
    """A reference and when it was added."""

    added_at: datetime
