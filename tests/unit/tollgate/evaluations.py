"""Evaluations as improvement-api answers them."""

from typing import Any


def make_criterion(id: str, outcome: str, reason: str, **changes: Any) -> dict[str, Any]:  # noqa: A002
    return {
        "id": id,
        "kind": "automated",
        "title": f"Criterion {id}",
        "required": True,
        "weight": 1,
        "outcome": outcome,
        "reason": reason,
        "how": f"Satisfy {id}",
        "facts": {},
        "waiver": None,
    } | changes


def make_evaluation(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0190a8f0-0000-7000-8000-000000000001",
        "new_evaluation_id": "0190a8f0-0000-7000-8000-000000000001",
        "service": "printing",
        "gate": "operate-to-improve",
        "gate_version": 3,
        "stage": "operate",
        "verdict": "pass",
        "exit_code": 0,
        "score": 0.5,
        "standing": "open",
        "criteria": [
            make_criterion("owned", "pass", "one service owner"),
            make_criterion("on-target", "fail", "MTTR 5.2 h is above 5.0 h"),
        ],
        "signatures": [],
        "facts_hash": "00",
        "evaluated_at": "2026-03-01T08:30:00Z",
        "evaluated_by": "admin",
        "expires_at": "2026-03-02T08:30:00Z",
    } | changes
