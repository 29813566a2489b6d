"""Who is who: organisation units with their members, and one role of the company's own."""

from datetime import date, timedelta
from typing import NamedTuple

from tollgate.demo.making import Providers, ensure, ensure_each


class Unit(NamedTuple):
    key: str
    name: str
    kind: str
    parent: str | None
    manager: str | None
    members: tuple[str, ...] = ()


UNITS = (
    Unit("company", "Harrow Works", "company", None, "clara.weiss"),
    Unit("it", "Information technology", "business_area", "company", "ines.moreau", ("dev.patel",)),
    Unit("business", "Business", "business_area", "company", "clara.weiss"),
    Unit("infrastructure", "Infrastructure", "department", "it", "jonas.lind"),
    Unit("applications", "Applications", "department", "it", "henrik.dahl"),
    Unit("workplace-services", "Workplace services", "department", "it", "paul.berger"),
    Unit(
        "network-operations", "Network operations", "team", "infrastructure", "jonas.lind",
        ("noor.salem", "piet.bakker"),
    ),
    # Nobody manages it at present, which shows where it is named as accountable.
    Unit("platform-team", "Platform team", "team", "infrastructure", None, ("yara.costa",)),
    Unit("erp-team", "ERP team", "team", "applications", "asha.verma", ("jan.winter",)),
    Unit(
        "service-desk", "Service desk", "team", "workplace-services", "eva.novak",
        ("kofi.mensah", "li.wei", "tom.okafor"),
    ),
    Unit("finance-department", "Finance", "department", "business", "helga.brandt"),
    Unit("sales-department", "Sales", "department", "business", "marco.rossi"),
    Unit("plant", "Plant", "department", "business", "nadia.haddad", ("emil.horn",)),
    Unit(
        "brightwater-operations", "Operations of Brightwater Hosting", "external", None,
        "lena.fischer",
    ),
)  # fmt: skip

ROLE = {
    "role": "key_user",
    "name": "Key user",
    "responsibilities": "Knows the work of a unit and speaks for it where a service changes.",
}


def load_organisation(at: Providers, until: date) -> None:
    """Units from the top, each with its members."""
    ensure(at.catalog, "/v1/roles", ROLE)
    since = str(until - timedelta(days=500))
    for unit in UNITS:
        body = {
            "key": unit.key,
            "name": unit.name,
            "kind": unit.kind,
            "parent": unit.parent,
            "manager": unit.manager,
        }
        ensure(at.catalog, "/v1/organisation-units", body)
        members = [{"subject": subject, "valid_from": since} for subject in unit.members]
        ensure_each(at.catalog, f"/v1/organisation-units/{unit.key}/members", members, "subject")
