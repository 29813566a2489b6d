"""How a service of the demo comes into the catalog: already live, with owners and references."""

from typing import Any

from tollgate.demo.content import ALARM_SOURCE, SOURCE, DemoService


def onboarding_of(service: DemoService) -> dict[str, Any]:
    return {
        "key": service.key,
        "name": service.name,
        "description": service.description,
        "portfolio": service.portfolio,
        "kind": service.kind,
        "criticality": service.criticality,
        "tags": ["demo"],
        "stage": service.stage,
        "reason": f"At {service.stage} before the catalog was introduced (demo)",
        "owners": [
            {"role": "service_owner", "subject": service.owner},
            {"role": "service_level_manager", "subject": "rosa.klein"},
            *({"role": role, "subject": subject} for role, subject in service.further_owners),
        ],
        "external_references": [
            {"source": source, "name": name}
            for source, name in ((SOURCE, service.name), (ALARM_SOURCE, service.alarm_name))
            if name is not None
        ],
    }
