"""What the demo consists of: portfolios, services, and the worked example of the reports."""

from dataclasses import dataclass
from typing import Any

from shared.schemas.improvement import Gate

SOURCE = "demo-itsm"
ALARM_SOURCE = "network-alarms"
YEAR = 2025
PERIODS = (f"{YEAR}-Q1", f"{YEAR}-Q2")
WORKED_PORTFOLIO = "it-operations"
GATE = Gate.OPERATE_TO_IMPROVE
GATE_SERVICE = "identity-and-access"


@dataclass(frozen=True)
class Portfolio:
    key: str
    name: str
    manager: str
    strategy: str


@dataclass(frozen=True)
class DemoService:
    """A service with the figures its incidents are drawn from."""

    key: str
    name: str
    description: str
    portfolio: str
    criticality: str
    owner: str
    share: int = 0  # of the synthetic incidents, in relation to the others'
    median_hours: float = 0  # of a resolution at priority 3
    target_hours: str | None = None  # at most, on average
    kind: str = "business"
    stage: str = "operate"
    further_owners: tuple[tuple[str, str], ...] = ()  # role, subject
    alarm_name: str | None = None  # what the alarms of network operations call it


@dataclass(frozen=True)
class WorkedRow:
    """A row of the worked example: mean hours by quarter, target, and the initiative's title."""

    service: str
    mean_hours: tuple[float, float]
    target_hours: str
    initiative: str


PORTFOLIOS = (
    Portfolio(
        WORKED_PORTFOLIO,
        "IT operations",
        "ines.moreau",
        "Run what the business cannot do without, and mend it before it is missed",
    ),
    Portfolio(
        "workplace",
        "Digital workplace",
        "paul.berger",
        "One dependable workplace for everybody, on any device",
    ),
    Portfolio(
        "business-applications",
        "Business applications",
        "henrik.dahl",
        "Few applications, well kept, that fit how the company earns its money",
    ),
)

WORKED_EXAMPLE = (
    WorkedRow(
        "application-support", (6.5, 4.8), "5.0",
        "Implemented new knowledge base for common issues",
    ),
    WorkedRow(
        "network-infrastructure", (3.1, 2.9), "2.5",
        "Initiated proactive network monitoring tool deployment",
    ),
)  # fmt: skip

SERVICES = (
    DemoService(
        "application-support", "Application Support",
        "Second-line support of the business applications",
        WORKED_PORTFOLIO, "high", "asha.verma",
        # No role of the catalog: the list of uncatalogued roles shows it.
        further_owners=(("knowledge_keeper", "kofi.mensah"),),
    ),
    DemoService(
        "network-infrastructure", "Network Infrastructure",
        "Campus and data centre networks, wireless and remote access",
        WORKED_PORTFOLIO, "critical", "jonas.lind", alarm_name="Core and edge",
    ),
    DemoService(
        "email-and-calendar", "Email and Calendar", "Mailboxes, calendars and shared rooms",
        "workplace", "high", "maria.costa", 22, 5.0, "10.0",
    ),
    DemoService(
        "identity-and-access", "Identity and Access", "Accounts, sign-on and joiner-mover-leaver",
        "workplace", "critical", "tom.okafor", 19, 2.5, "6.0",
    ),
    DemoService(
        "managed-laptop", "Managed Laptop", "Devices, their software and their repair",
        "workplace", "medium", "eva.novak", 17, 20.0, "48.0",
    ),
    DemoService(
        "file-sharing", "File Sharing", "Team folders and exchange with partners",
        "workplace", "medium", "maria.costa", 12, 9.0, "18.0",
    ),
    DemoService(
        "video-meetings", "Video Meetings", "Meetings, rooms and recordings",
        "workplace", "medium", "li.wei", 11, 3.5, "8.0",
    ),
    DemoService(
        "payroll-portal", "Payroll Portal", "Payslips, absences and expenses",
        "workplace", "high", "asha.verma", 8, 14.0, "24.0",
    ),
    DemoService(
        "intranet", "Intranet", "News, search and the people directory",
        "workplace", "low", "li.wei", 6, 26.0, "40.0",
    ),
    DemoService(
        "printing", "Printing", "Printers and follow-me printing",
        "workplace", "low", "eva.novak", 5, 12.0, "20.0",
    ),
    DemoService(
        "erp", "ERP", "Orders, purchasing, stock and the books",
        "business-applications", "critical", "asha.verma", 10, 7.0, "9.0",
        further_owners=(("service_manager", "jan.winter"), ("vendor_manager", "henrik.dahl")),
    ),
    DemoService(
        "server-platform", "Server Platform", "Virtual servers, storage and backup",
        WORKED_PORTFOLIO, "critical", "jonas.lind", kind="technical",
        alarm_name="Compute and storage",
    ),
    DemoService(
        "employee-hub", "Employee Hub", "News, forms and answers for employees in one place",
        "workplace", "medium", "li.wei", stage="design",
    ),
)  # fmt: skip

Update = dict[str, Any]
