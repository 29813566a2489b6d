"""The default gates: loaded at the first start, from then on changed by new versions only.

A module a gate; what more than one asks is in `common`. Within a gate no two criteria ask for the
same fact, so that what is missing turns exactly one of them.
"""

from collections.abc import Mapping

from improvement_api.gates.defaults import (
    design_to_transition,
    improve_to_operate,
    operate_to_improve,
    strategy_to_design,
    to_retirement,
    transition_to_operate,
)
from improvement_api.gates.defaults.facts import FACTS_OF_DEFAULTS
from improvement_api.gates.defaults.making import Asked, version
from shared.schemas.improvement import Gate

ASKED: Mapping[Gate, tuple[Asked, ...]] = {
    Gate.STRATEGY_TO_DESIGN: strategy_to_design.ASKED,
    Gate.DESIGN_TO_TRANSITION: design_to_transition.ASKED,
    Gate.TRANSITION_TO_OPERATE: transition_to_operate.ASKED,
    Gate.OPERATE_TO_IMPROVE: operate_to_improve.ASKED,
    Gate.IMPROVE_TO_OPERATE: improve_to_operate.ASKED,
    Gate.TO_RETIREMENT: to_retirement.ASKED,
}
_REASON = "Default set over the ten processes, as of November 2026"

DEFAULTS = {gate: version(asked, _REASON) for gate, asked in ASKED.items()}

__all__ = ["ASKED", "DEFAULTS", "FACTS_OF_DEFAULTS"]
