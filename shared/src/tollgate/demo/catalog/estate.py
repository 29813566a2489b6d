"""What the services stand on: vendor products with their contracts, and the dependencies."""

from datetime import date, timedelta
from typing import NamedTuple

from tollgate.demo.making import Providers, change, ensure, ensure_each, listed


class Product(NamedTuple):
    key: str
    name: str
    vendor: str
    cost: tuple[str, str, str]  # amount, currency, period
    contract_ends_in_days: int  # negative: it has ended
    recovery_time_hours: int | None = None
    end_of_life_in_days: int | None = None


class Needs(NamedTuple):
    """A dependency; `cost_share` of the provider's full cost is borne by the consumer."""

    consumer: str
    provider: str
    strength: str
    cost_share: str
    kind: str = "service"


CONTRACTS_BEGAN_DAYS_AGO = 1100

PRODUCTS = (
    Product(
        "wide-area-links", "Wide-area links", "Northlight Networks",
        ("5400.00", "EUR", "month"), 420, recovery_time_hours=4,
    ),
    Product(
        "erp-suite", "Corvane Business Suite", "Corvane Software",
        ("96000.00", "EUR", "year"), 55, recovery_time_hours=8,
    ),
    Product(
        "mail-hosting", "Hosted mailboxes", "Brightwater Hosting",
        ("2300.00", "CHF", "month"), 300, recovery_time_hours=6,
    ),
    Product(
        "hypervisor", "Tern Hypervisor 6", "Tern Systems",
        ("18000.00", "EUR", "year"), 200, recovery_time_hours=6, end_of_life_in_days=-40,
    ),
    Product(
        "backup-vault", "Backup vault", "Larkfield Storage",
        ("1250.00", "EUR", "month"), 500, recovery_time_hours=12,
    ),
    Product(
        "meeting-platform", "Meeting platform", "Plover Communications",
        ("21500.00", "EUR", "year"), 150, recovery_time_hours=2,
    ),
    Product(
        "laptop-lease", "Laptop lease", "Quillon Devices", ("7900.00", "EUR", "month"), 600,
    ),
    Product(
        "print-fleet", "Printer fleet", "Otterbank Print", ("1800.00", "EUR", "month"), -20,
    ),
)  # fmt: skip

DEPENDENCIES = (
    Needs("network-infrastructure", "wide-area-links", "hard", "1", "vendor_product"),
    Needs("server-platform", "hypervisor", "hard", "1", "vendor_product"),
    Needs("server-platform", "backup-vault", "soft", "1", "vendor_product"),
    Needs("server-platform", "network-infrastructure", "hard", "0.15"),
    Needs("identity-and-access", "server-platform", "hard", "0.15"),
    Needs("identity-and-access", "network-infrastructure", "hard", "0.10"),
    Needs("erp", "erp-suite", "hard", "1", "vendor_product"),
    Needs("erp", "server-platform", "hard", "0.35"),
    Needs("erp", "network-infrastructure", "hard", "0.15"),
    Needs("erp", "identity-and-access", "hard", "0.10"),
    Needs("application-support", "erp", "soft", "0"),
    Needs("application-support", "identity-and-access", "soft", "0.05"),
    Needs("payroll-portal", "erp", "hard", "0.05"),
    Needs("payroll-portal", "identity-and-access", "hard", "0.05"),
    Needs("email-and-calendar", "mail-hosting", "hard", "1", "vendor_product"),
    Needs("email-and-calendar", "network-infrastructure", "hard", "0.10"),
    Needs("email-and-calendar", "identity-and-access", "hard", "0.10"),
    Needs("video-meetings", "meeting-platform", "hard", "1", "vendor_product"),
    Needs("video-meetings", "network-infrastructure", "hard", "0.15"),
    Needs("video-meetings", "identity-and-access", "soft", "0.05"),
    Needs("file-sharing", "server-platform", "hard", "0.20"),
    Needs("file-sharing", "network-infrastructure", "hard", "0.10"),
    Needs("file-sharing", "identity-and-access", "hard", "0.10"),
    Needs("managed-laptop", "laptop-lease", "hard", "1", "vendor_product"),
    Needs("managed-laptop", "network-infrastructure", "soft", "0.10"),
    Needs("managed-laptop", "identity-and-access", "hard", "0.15"),
    Needs("intranet", "server-platform", "hard", "0.10"),
    Needs("intranet", "identity-and-access", "soft", "0.05"),
    Needs("printing", "print-fleet", "hard", "1", "vendor_product"),
    Needs("printing", "network-infrastructure", "hard", "0.05"),
    Needs("employee-hub", "identity-and-access", "hard", "0.05"),
    Needs("employee-hub", "server-platform", "hard", "0.10"),
)

# The ERP is to be back sooner than the servers below it can promise; Finance bears that.
EXCEPTION = {
    "dimension": "recovery",
    "reason": "Orders are taken on paper until the servers are back; tried in the last drill",
    "risk_owner": "helga.brandt",
}
EXCEPTED = "erp"


def load_estate(at: Providers, until: date) -> None:
    """Products, then all missing dependencies in one call, then the exception to a ceiling."""
    for product in PRODUCTS:
        ensure(at.catalog, "/v1/vendor-products", _product(product, until))
    present = {
        (item["consumer"], item["provider"]["kind"], item["provider"]["key"])
        for item in listed(at.catalog, "/v1/dependencies")
    }
    missing = [
        _dependency(needs)
        for needs in DEPENDENCIES
        if (needs.consumer, needs.kind, needs.provider) not in present
    ]
    if missing:
        change(at.catalog, "POST", "/v1/dependencies/bulk", missing)
    exception = {**EXCEPTION, "expires_on": str(until + timedelta(days=180))}
    path = f"/v1/services/{EXCEPTED}/ceiling-exceptions"
    ensure_each(at.catalog, path, [exception], "dimension", "reason")


def _product(product: Product, until: date) -> dict[str, object]:
    amount, currency, period = product.cost
    gone = product.end_of_life_in_days
    return {
        "key": product.key,
        "name": product.name,
        "vendor": product.vendor,
        "contract_from": str(until - timedelta(days=CONTRACTS_BEGAN_DAYS_AGO)),
        "contract_to": str(until + timedelta(days=product.contract_ends_in_days)),
        "cost": {"amount": amount, "currency": currency, "period": period},
        "end_of_life_on": None if gone is None else str(until + timedelta(days=gone)),
        "recovery_time_hours": product.recovery_time_hours,
    }


def _dependency(needs: Needs) -> dict[str, object]:
    return {
        "consumer": needs.consumer,
        "provider": {"kind": needs.kind, "key": needs.provider},
        "strength": needs.strength,
        "cost_share": needs.cost_share,
    }
