"""Criteria and gate versions as one sends them, with only what a test cares about spelled out."""

from typing import Any


def automated(criterion_id: str = "quiet", **fields: Any) -> dict[str, Any]:
    """An automated criterion that asks for an empty backlog unless told otherwise."""
    texts = {"title": "Quiet", "why": "because", "how": "be quiet"}
    asked = {"kind": "automated", "expression": "backlog_open == 0.0"}
    return {"id": criterion_id, **texts, **asked, **fields}


def sign_off(criterion_id: str, role: str, **fields: Any) -> dict[str, Any]:
    texts = {"title": "Signed", "why": "because", "how": "sign"}
    return {"id": criterion_id, **texts, "kind": "sign_off", "role": role, **fields}


def gate_of(criteria: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {"criteria": criteria, "decided_by": "board", "reason": "test", **fields}
