"""What may go wrong, and what standards and laws demand, with and without evidence."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from tollgate.demo.making import Providers, change, create, ensure_each


class Risk(NamedTuple):
    service: str
    title: str
    likelihood: int
    impact: int
    owner: str
    review_in_days: int
    treatment: str | None = None
    treatment_text: str | None = None
    becomes: str = "open"
    trend: str | None = None  # what it was detected in


class Obligation(NamedTuple):
    service: str
    standard: str
    clause: str
    requirement: str
    owner: str
    due_in_days: int
    evidence: str | None = None
    evidence_valid_for_days: int = 0


RISKS = (
    Risk(
        "server-platform", "The hypervisor gets no security updates any more", 4, 5, "jonas.lind",
        20,
    ),
    Risk(
        "network-infrastructure", "One line into the building", 2, 5, "jonas.lind", 60,
        "reduce", "A second line by another way in is ordered.", "treated",
    ),
    Risk(
        "erp", "The supplier's contract ends before its successor is chosen", 3, 4, "henrik.dahl",
        -12, "transfer", "An option to extend by a year is being negotiated.",
    ),
    Risk(
        "printing", "Printers run without a contract", 4, 2, "paul.berger", 90,
        "accept", "A broken printer is replaced by a spare one.", "accepted",
    ),
    Risk(
        "file-sharing", "Dealers see drafts of drawings", 2, 4, "dev.patel", 30,
        "avoid", "Drafts are kept in folders that dealers cannot open.", "closed",
    ),
    Risk(
        "payroll-portal", "Repairs take longer each month", 3, 3, "asha.verma", 40,
        trend="mttr of the last two quarters",
    ),
)  # fmt: skip
ACCEPTANCE = {
    "owner": "clara.weiss",
    "reason": "Printing ends with the paperless office; a contract for a year costs more.",
}
CLOSED_BECAUSE = "Folders were separated, and the rights were tested from outside."

OBLIGATIONS = (
    Obligation(
        "identity-and-access", "ISO/IEC 27001:2022", "A.5.18",
        "Access rights are reviewed and taken back.", "tom.okafor", -100,
        "Review of access rights", 200,
    ),
    Obligation(
        "server-platform", "ISO/IEC 27001:2022", "A.8.13", "Backups are kept and tested.",
        "jonas.lind", -50,
    ),
    Obligation(
        "server-platform", "ISO/IEC 27001:2022", "A.8.8", "Known vulnerabilities are removed.",
        "jonas.lind", -200, "Scan of the last quarter", 15,
    ),
    Obligation(
        "payroll-portal", "GDPR", "Art. 30", "Processing of personal data is recorded.",
        "sven.aalto", -400, "Record of processing activities", 300,
    ),
    Obligation(
        "erp", "Commercial code", "Retention of books", "Books are kept for ten years.",
        "helga.brandt", 120,
    ),
)  # fmt: skip
EVIDENCE_URI = "https://docs.example/evidence"


def load_risks(at: Providers, until: date) -> None:
    """The register: open, treated, accepted and closed risks, one overdue for review."""
    bodies = [_risk(risk, until) for risk in RISKS]
    made = ensure_each(at.catalog, "/v1/risks", bodies, "service", "title")
    for risk, item in zip(RISKS, made, strict=True):
        _bring(at, risk, item, until)


def load_obligations(at: Providers, until: date) -> None:
    """Met ones, one about to expire, one unmet, and one that is not due yet."""
    bodies = [_obligation(one, until) for one in OBLIGATIONS]
    made = ensure_each(at.catalog, "/v1/obligations", bodies, "service", "standard", "clause")
    for obligation, item in zip(OBLIGATIONS, made, strict=True):
        if obligation.evidence is not None and not item["evidence"]:
            last_day = until + timedelta(days=obligation.evidence_valid_for_days)
            body = {
                "title": obligation.evidence,
                "uri": f"{EVIDENCE_URI}/{obligation.service}",
                "valid_until": str(last_day),
            }
            create(at.catalog, f"/v1/obligations/{item['id']}/evidence", body)


def _bring(at: Providers, risk: Risk, item: Any, until: date) -> None:
    """What is left of the way to the state it is shown in."""
    path, state, present = f"/v1/risks/{item['id']}", risk.becomes, item["state"]
    if present == "open" and state in {"treated", "closed"}:
        present = change(at.catalog, "POST", f"{path}/treatment", None)["state"]
    if present == "treated" and state == "closed":
        change(at.catalog, "POST", f"{path}/closure", {"reason": CLOSED_BECAUSE})
    if present == "open" and state == "accepted" and item["acceptance_owner"] is None:
        person = at.person(ACCEPTANCE["owner"], "risk_owner")
        if person is not None:
            body = {**ACCEPTANCE, "until": str(until + timedelta(days=150))}
            change(at.catalog, "POST", f"{path}/acceptance", body, auth=person)


def _risk(risk: Risk, until: date) -> dict[str, Any]:
    return {
        "service": risk.service,
        "title": risk.title,
        "likelihood": risk.likelihood,
        "impact": risk.impact,
        "owner": risk.owner,
        "review_date": str(until + timedelta(days=risk.review_in_days)),
        "treatment": risk.treatment,
        "treatment_text": risk.treatment_text,
        "source": "manual" if risk.trend is None else "trend",
        "source_reference": risk.trend,
    }


def _obligation(obligation: Obligation, until: date) -> dict[str, Any]:
    return {
        "service": obligation.service,
        "standard": obligation.standard,
        "clause": obligation.clause,
        "requirement": obligation.requirement,
        "owner": obligation.owner,
        "due": str(until + timedelta(days=obligation.due_in_days)),
    }
