"""POST an evaluation: outcomes, verdict, what stands, and what happens when owners are away."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.improvement import Improvement, automated, sign_off

PATH = "/v1/services/vpn/gates/operate-to-improve/evaluations"


def outcomes(evaluation: Any) -> dict[str, str]:
    return {criterion["id"]: criterion["outcome"] for criterion in evaluation["criteria"]}


class TestTheVerdict:
    async def test_is_201_and_says_of_each_criterion_why(self, tollgate: Improvement) -> None:
        evaluation = await tollgate.evaluate()

        assert evaluation["verdict"] == "fail"
        assert evaluation["exit_code"] == 1
        assert evaluation["standing"] == "open"
        assert evaluation["new_evaluation_id"] == evaluation["id"]
        plan = next(c for c in evaluation["criteria"] if c["id"] == "plan")
        assert plan["outcome"] == "fail"
        assert "active_improvement_plans = 0" in plan["reason"]
        assert plan["facts"]["active_improvement_plans"]["value"] == 0
