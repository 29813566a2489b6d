"""How a request moves through its fulfilment steps, and what its timings mean."""

from collections.abc import Collection, Mapping
from enum import StrEnum


class RequestState(StrEnum):
    SUBMITTED = "submitted"
    IN_FULFILMENT = "in_fulfilment"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


_GIVEN_UP = (RequestState.CANCELLED, RequestState.REJECTED)
MOVES: Mapping[RequestState, Collection[RequestState]] = {
    RequestState.SUBMITTED: (RequestState.IN_FULFILMENT, *_GIVEN_UP),
    RequestState.IN_FULFILMENT: (RequestState.FULFILLED, *_GIVEN_UP),
    RequestState.FULFILLED: (),
    RequestState.CANCELLED: (),
    RequestState.REJECTED: (),
}
OPEN = (RequestState.SUBMITTED, RequestState.IN_FULFILMENT)
