"""Gathering what the picture of a service's surroundings shows."""

from catalog_api.dependencies.rules import Direction, Node, NodeKind
from catalog_api.impact import queries, rules
from catalog_api.impact.picture import Surroundings
from catalog_api.impact.queries import Question
from catalog_api.registry.queries import require_service
from shared.kit.database import Session

MOST_NODES = 60


async def surroundings_of(session: Session, key: str, depth: int) -> Surroundings:
    """The nearest consumers and providers of a service, laid out; 404 without the service."""
    await require_service(session, key)
    centre = Node(NodeKind.SERVICE, key)
    most = MOST_NODES - 1
    up = Question(centre, Direction.UP, depth=depth)
    down = Question(centre, Direction.DOWN, depth=depth)
    consumers, consumer_count = await queries.nearest(session, up, most)
    providers, provider_count = await queries.nearest(session, down, most)
    above, below = rules.split(most, len(consumers), len(providers))
    nodes = {centre, *consumers[:above], *providers[:below]}
    named, edges = await queries.names_and_edges(session, nodes)
    left_out = consumer_count + provider_count + 1 - len(nodes)
    return Surroundings(key, named, rules.lay_out(nodes, edges), left_out)
