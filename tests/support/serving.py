"""An app of this process over a real socket, for programs that speak HTTP to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tests.support.receiver import LoopbackServer


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The URL under which the app answers; its lifespan is the caller's affair."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, log_config=None
    )
    server = LoopbackServer(config)
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
