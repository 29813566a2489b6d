"""The tools by the kind that a source names."""

from collections.abc import Mapping

from metrics_api.sources.tools import (
    alertmanager,
    cloudevents,
    glpi,
    itop,
    jira,
    pagerduty,
    servicenow,
    statuspage,
    zendesk,
)
from metrics_api.sources.tools.tool import Tool

TOOLS: Mapping[str, Tool] = {
    tool.kind: tool
    for tool in (
        alertmanager.TOOL,
        alertmanager.GRAFANA,
        cloudevents.TOOL,
        glpi.TOOL,
        itop.TOOL,
        jira.TOOL,
        pagerduty.TOOL,
        servicenow.TOOL,
        statuspage.TOOL,
        zendesk.TOOL,
    )
}
GENERIC = cloudevents.TOOL


def tool_of(kind: str) -> Tool:
    """The tool of a source; a kind that is not known sends as a home-made tool does."""
    return TOOLS.get(kind.strip().casefold(), GENERIC)


def nearly(kind: str) -> str | None:
    """The known tool that was meant with a spelling such as `service-now` or `Jira Cloud`."""
    if kind.strip().casefold() in TOOLS:
        return None
    letters = "".join(filter(str.isalnum, kind)).casefold()
    known = TOOLS.keys() - {GENERIC.kind}
    return next((tool for tool in sorted(known) if letters.startswith(tool)), None)
