"""Customers: who they are, who speaks for them, and which services they use since when."""

from datetime import date, timedelta
from typing import NamedTuple

from tollgate.demo.making import Providers, ensure, ensure_each


class Customer(NamedTuple):
    key: str
    name: str
    kind: str
    relationship_owner: str
    reviewed_days_ago: int | None  # the cadence is 90 days: more is overdue
    representatives: tuple[tuple[str, str], ...]  # subject, role


class Engagement(NamedTuple):
    customer: str
    service: str
    days_ago: int
    ended_days_ago: int | None = None


CUSTOMERS = (
    Customer(
        "finance", "Finance", "internal", "rosa.klein", 30,
        (("helga.brandt", "head_of_unit"), ("jan.winter", "key_user")),
    ),
    Customer(
        "sales", "Sales", "internal", "rosa.klein", 75, (("marco.rossi", "head_of_unit"),)
    ),
    Customer(
        "production", "Production", "internal", "ines.moreau", 140,
        (("nadia.haddad", "head_of_unit"), ("emil.horn", "key_user")),
    ),
    Customer(
        "human-resources", "Human Resources", "internal", "paul.berger", 10,
        (("sven.aalto", "head_of_unit"),),
    ),
    Customer(
        "dealers", "Dealers", "external", "rosa.klein", None,
        (("olivia.grant", "partner_manager"),),
    ),
)  # fmt: skip

EVERYBODY = ("email-and-calendar", "identity-and-access", "managed-laptop", "video-meetings")
ENGAGEMENTS = (
    *(
        Engagement(customer, service, 1200)
        for customer in ("finance", "sales", "production", "human-resources")
        for service in EVERYBODY
    ),
    Engagement("finance", "erp", 1900),
    Engagement("sales", "erp", 1900),
    Engagement("production", "erp", 1500),
    Engagement("finance", "application-support", 1900),
    Engagement("sales", "application-support", 900),
    Engagement("production", "network-infrastructure", 1500),
    Engagement("sales", "network-infrastructure", 1500),
    Engagement("human-resources", "payroll-portal", 800),
    Engagement("finance", "payroll-portal", 800),
    Engagement("finance", "file-sharing", 1400),
    Engagement("sales", "file-sharing", 1400),
    Engagement("dealers", "file-sharing", 600),
    Engagement("human-resources", "intranet", 2000),
    Engagement("sales", "intranet", 2000),
    Engagement("production", "intranet", 2000),
    Engagement("finance", "intranet", 2000, ended_days_ago=30),
    Engagement("finance", "printing", 2000),
    Engagement("production", "printing", 2000, ended_days_ago=45),
)


def load_customers(at: Providers, until: date) -> None:
    """Each customer with those who speak for it, and the services it uses."""
    for customer in CUSTOMERS:
        ensure(at.catalog, "/v1/customers", _customer(customer, until))
        speakers = [
            {"subject": subject, "role": role, "valid_from": str(until - timedelta(days=400))}
            for subject, role in customer.representatives
        ]
        path = f"/v1/customers/{customer.key}"
        ensure_each(at.catalog, f"{path}/representatives", speakers, "subject", "role")
        used = [_engagement(one, until) for one in ENGAGEMENTS if one.customer == customer.key]
        ensure_each(at.catalog, f"{path}/engagements", used, "service")


def _customer(customer: Customer, until: date) -> dict[str, object]:
    ago = customer.reviewed_days_ago
    return {
        "key": customer.key,
        "name": customer.name,
        "kind": customer.kind,
        "relationship_owner": customer.relationship_owner,
        "last_reviewed_on": None if ago is None else str(until - timedelta(days=ago)),
    }


def _engagement(engagement: Engagement, until: date) -> dict[str, object]:
    ended = engagement.ended_days_ago
    return {
        "service": engagement.service,
        "engaged_from": str(until - timedelta(days=engagement.days_ago)),
        "engaged_to": None if ended is None else str(until - timedelta(days=ended)),
    }
