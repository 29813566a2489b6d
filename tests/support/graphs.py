"""A large made-up catalog: layers of services that need deeper ones, as a real estate looks.

Most services are what customers see; ever fewer carry ever more of the others, down to a handful
that nearly everything needs. The same seed makes the same graph.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import accumulate
from typing import Any

import httpx

PORTFOLIO = "generated"
# From what customers see down to what carries it: name, kind, part of all services.
LAYERS = (
    ("product", "business", 0.40),
    ("application", "business", 0.30),
    ("shared-application", "technical", 0.15),
    ("middleware", "technical", 0.08),
    ("data", "technical", 0.04),
    ("infrastructure", "technical", 0.02),
    ("foundation", "technical", 0.01),
)
_NEXT_LAYER = 0.6  # of the dependencies go one layer down, the others further
_ON_VENDORS = 0.1
_HARD = 0.6


@dataclass(frozen=True)
class Graph:
    """Items as the bulk operations take them; vendor products as they are created."""

    services: list[dict[str, Any]]
    vendor_products: list[dict[str, Any]]
    dependencies: list[dict[str, Any]]


def make_graph(
    services: int = 10_000, dependencies: int = 40_000, vendor_products: int = 200, seed: int = 1
) -> Graph:
    """A graph without cycles of that size; at least 7 services, and room for the dependencies."""
    dice = random.Random(seed)
    layers = _layers(services)
    products = [_vendor_product(number) for number in range(vendor_products)]
    pairs = _pairs(layers, [product["key"] for product in products], dependencies, dice)
    return Graph(
        [_service(layer, key) for layer, keys in enumerate(layers) for key in keys],
        products,
        _dependencies(pairs, dice),
    )


async def load_graph(http: httpx.AsyncClient, graph: Graph) -> None:
    """Record a graph through the public API; repeating it changes nothing."""
    portfolio = {"key": PORTFOLIO, "name": "Generated"}
    _check(await http.post("/v1/portfolios", json=portfolio), known=409)
    for product in graph.vendor_products:
        _check(await http.post("/v1/vendor-products", json=product), known=409)
    for services in _batches(graph.services, 1_000):
        _check(await http.post("/v1/services/bulk", json=services))
    for dependencies in _batches(graph.dependencies, 5_000):
        _check(await http.post("/v1/dependencies/bulk", json=dependencies, timeout=120))


def _layers(services: int) -> list[list[str]]:
    """Keys by layer; every layer has one at least, the first takes what is left."""
    sizes = [max(1, int(services * part)) for _, _, part in LAYERS]
    sizes[0] += services - sum(sizes)
    return [
        [f"{name}-{number:05}" for number in range(size)]
        for (name, _, _), size in zip(LAYERS, sizes, strict=True)
    ]


def _pairs(
    layers: list[list[str]], products: list[str], wanted: int, dice: random.Random
) -> list[tuple[str, str, str]]:
    """Different (consumer, kind of the provider, its key), each one or more layers down."""
    depth_of = {key: depth for depth, keys in enumerate(layers) for key in keys}
    consumers = [key for keys in layers for key in keys]
    popular = [list(accumulate(1 / (rank + 5) for rank in range(len(keys)))) for keys in layers]
    pairs: dict[tuple[str, str, str], None] = {}
    while len(pairs) < wanted:
        consumer = dice.choice(consumers)
        depth = depth_of[consumer]
        if products and (depth == len(layers) - 1 or dice.random() < _ON_VENDORS):
            pairs[consumer, "vendor_product", dice.choice(products)] = None
        elif depth < len(layers) - 1:
            below = depth + 1
            if dice.random() > _NEXT_LAYER:
                below = dice.randrange(depth + 1, len(layers))
            (provider,) = dice.choices(layers[below], cum_weights=popular[below])
            pairs[consumer, "service", provider] = None
    return list(pairs)


def _service(layer: int, key: str) -> dict[str, Any]:
    _, kind, _ = LAYERS[layer]
    name = key.replace("-", " ").capitalize()
    return {"key": key, "name": name, "portfolio": PORTFOLIO, "kind": kind}


def _vendor_product(number: int) -> dict[str, Any]:
    return {
        "key": f"vendor-product-{number:04}",
        "name": f"Vendor product {number}",
        "vendor": f"Vendor {number % 40}",
    }


def _dependencies(
    pairs: Sequence[tuple[str, str, str]], dice: random.Random
) -> list[dict[str, Any]]:
    """Each provider's cost is shared evenly by its consumers, rounded down."""
    consumers: dict[tuple[str, str], int] = {}
    for _, field, provider in pairs:
        consumers[field, provider] = consumers.get((field, provider), 0) + 1
    return [
        {
            "consumer": consumer,
            "provider": {"kind": field, "key": provider},
            "strength": "hard" if dice.random() < _HARD else "soft",
            "cost_share": str(_part(consumers[field, provider])),
        }
        for consumer, field, provider in pairs
    ]


def _part(sharers: int) -> Decimal:
    return (Decimal(1) / sharers).quantize(Decimal("0.000001"), ROUND_DOWN)


def _batches(items: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _check(reply: httpx.Response, known: int | None = None) -> None:
    assert reply.is_success or reply.status_code == known, reply.text[:500]
