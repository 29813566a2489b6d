"""What is asked of the catalog before votes are counted: who has one, and where the service is."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from improvement_api.evaluations.queries import read_evaluation
from improvement_api.providers import Providers, ask_for_board
from improvement_api.votes.actions import Told
from improvement_api.votes.rules import CHAIR, Board, board_deciding
from shared.kit.clock import now
from shared.kit.database import reading
from shared.schemas.catalog_digests import BoardSummary


async def told_of(engine: AsyncEngine, providers: Providers, evaluation_id: UUID) -> Told:
    """Membership and quorum as of now, asked before the transaction that counts begins."""
    async with reading(engine) as session:
        read = await read_evaluation(session, evaluation_id, now())
    key = board_deciding(read.definition.board, read.definition.decided_by)
    board, service = await ask_for_board(providers, key, read.row.service)
    return Told(_board(board), service.portfolio, service.stage)


def _board(summary: BoardSummary) -> Board:
    chairs = [seat.subject for seat in summary.members if seat.role == CHAIR]
    return Board(
        key=summary.key,
        chair=chairs[0] if chairs else None,
        voters=frozenset(summary.voting_members),
        needed=summary.quorum.needed,
        decides=frozenset((one.gate, one.portfolio) for one in summary.decides),
        ended=summary.ended_on is not None,
    )
