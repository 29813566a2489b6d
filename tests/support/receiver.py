"""A webhook receiver on loopback: notes what it is sent and answers from a script."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn

Headers = dict[str, str]


@dataclass
class Receiver:
    """`answer` decides the status (and headers) for each event; None hangs for ever.

    A batch is taken whole or not at all: the first of its events that is not taken decides.
    """

    url: str = ""
    answer: Callable[[dict[str, Any]], tuple[int, Headers] | None] = lambda event: (204, {})
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[Headers, bytes]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    clients: set[tuple[str, int]] = field(default_factory=set)
    body: bytes = b""

    def subjects(self) -> list[str]:
        """Subjects of what was accepted, in order of arrival, repeats dropped by id."""
        return list({event["id"]: event["subject"] for event in self.events}.values())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        sent_body = orjson.loads(body)
        events = sent_body if isinstance(sent_body, list) else [sent_body]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append((headers, body))
        self.asked += events
        self.clients.add(scope["client"])
        answer = self._answer_of(events)
        if answer is None:
            await receive()  # until the sender goes away
            return
        status, sent = answer
        if 200 <= status < 300:
            self.events += events
        if self.body and status != 204:
            sent = {**sent, "Content-Length": str(len(self.body))}
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body if status != 204 else b""})

    def _answer_of(self, events: list[dict[str, Any]]) -> tuple[int, Headers] | None:
        answers = [self.answer(event) for event in events]
        return next((one for one in answers if one is None or one[0] >= 300), answers[0])


class LoopbackServer(uvicorn.Server):
    """Leaves the signal handlers of the test run alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    receiver.url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
    server = LoopbackServer(
        uvicorn.Config(receiver, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving
