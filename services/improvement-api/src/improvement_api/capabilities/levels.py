"""The six capability levels, after the measurement framework of ISO/IEC 33020.

A level is reached when its process attributes, and those of every level below, are achieved; so an
assessment shows evidence for each level from 1 up to the one it claims.
"""

from typing import Final, NamedTuple


class LevelDefinition(NamedTuple):
    """The standard's names of a level and its process attributes; meaning and evidence are ours."""

    level: int
    name: str
    attributes: tuple[str, ...]
    meaning: str
    evidence: tuple[str, ...]


STANDARD: Final = "ISO/IEC 33020, process measurement framework for process capability"
LEVELS: Final = (
    LevelDefinition(
        0,
        "Incomplete",
        (),
        "The process is not carried out, or does not achieve what it is for.",
        (),
    ),
    LevelDefinition(
        1,
        "Performed",
        ("PA 1.1 Process performance",),
        "The process achieves its purpose, however it is done.",
        ("A result that the process produced lately, such as an approved strategy or a report",),
    ),
    LevelDefinition(
        2,
        "Managed",
        ("PA 2.1 Performance management", "PA 2.2 Work product management"),
        "Its work is planned, watched and assigned, and what it produces is kept under control.",
        (
            "Who is responsible, accountable, consulted and informed, for instance a RACI",
            "Results with version, owner and review date",
        ),
    ),
    LevelDefinition(
        3,
        "Established",
        ("PA 3.1 Process definition", "PA 3.2 Process deployment"),
        "One defined way of working is used by everybody whom it concerns.",
        (
            "The description of the process that is in force",
            "Results of at least two services or teams that follow it",
        ),
    ),
    LevelDefinition(
        4,
        "Predictable",
        ("PA 4.1 Quantitative analysis", "PA 4.2 Quantitative control"),
        "Its performance is measured against limits, and deviations are acted upon.",
        (
            "KPIs of the process with targets and values of several periods",
            "What was done about a deviation from its limits",
        ),
    ),
    LevelDefinition(
        5,
        "Innovating",
        ("PA 5.1 Process innovation", "PA 5.2 Process innovation implementation"),
        "It is improved on purpose, toward objectives, and the effect is measured.",
        (
            "Objectives for improving the process itself",
            "A change of the process with its measured effect",
        ),
    ),
)
