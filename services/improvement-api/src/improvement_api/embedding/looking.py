"""The job that looks at every live service, by name: the schedule and people both order it."""

from typing import Final

LOOK: Final = "look_at_embedding"
LANE: Final = "embedding"
