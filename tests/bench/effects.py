"""How often the interval of a measured effect holds the truth, over many worlds; prints a table.

`python -m tests.bench.effects [RUNS]`: minutes on one core. Not a test: those ask less of fewer
worlds (tests/unit/improvement_api/benefits/test_effects.py).
"""

import sys
from dataclasses import replace
from itertools import product

from tests.support.effects import World, coverage_of

EASIER = (0.05, 0.30, 0.50, 0.15)
WORLDS = {
    "nothing": World(),
    "nothing, of no noise but what lasts": World(spread=0.2),
    "volume": World(volume_jump=1.6, of_volume=3.0),
    "mix": World(shares_after=EASIER),
    "trend": World(trend=-0.05),
    "season": World(wave=1.5),
    "effect and all rivals": World(
        effect=-2.0, volume_jump=1.4, of_volume=2.0, shares_after=EASIER, trend=-0.03, wave=1.0
    ),
}
LENGTHS = ((24, 6), (24, 12), (52, 12), (104, 12), (104, 26), (104, 52))
AUTOCORRELATIONS = (0.0, 0.2, 0.4, 0.6)


def main(runs: int) -> None:
    print("world | before | after | rho | 95 % interval held the truth | effect claimed")
    for (name, world), (before, after), rho in product(WORLDS.items(), LENGTHS, AUTOCORRELATIONS):
        if world.wave and before < world.season - 1:
            continue  # a season that nobody has seen once cannot be told from an effect
        found = coverage_of(replace(world, before=before, after=after, rho=rho), runs, seed=5)
        print(
            f"{name} | {before} | {after} | {rho} | {found.held:.1%} | {found.claimed:.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
