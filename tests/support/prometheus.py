"""Prometheus for tests: one that answers from a script, and the real one where it is installed."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
import uvicorn

from tests.support.eventually import eventually
from tests.support.receiver import LoopbackServer

BINARY = shutil.which("prometheus")
Form = Mapping[str, str]


def matrix(*series: Mapping[float, float]) -> dict[str, Any]:
    """An answer of these series, by moment in seconds."""
    result = [
        {"metric": {}, "values": [[at, str(value)] for at, value in sorted(one.items())]}
        for one in series
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def moments(form: Form) -> list[float]:
    """The moments that a range query asks for."""
    start, end, step = (float(form[name]) for name in ("start", "end", "step"))
    return [start + number * step for number in range(int((end - start) / step) + 1)]


@dataclass
class ScriptedPrometheus:
    """`answer` gives status and body for the form of a query."""

    url: str = ""
    answer: Callable[[Form], tuple[int, Any]] = lambda form: (200, matrix())
    forms: list[Form] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.forms.append(form)
        sent = dict(scope["headers"]).get(b"authorization")
        self.authorizations.append(sent.decode() if sent else None)
        status, answer = self.answer(form)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(answer)})


@asynccontextmanager
async def scripted_prometheus() -> AsyncIterator[ScriptedPrometheus]:
    prometheus = ScriptedPrometheus()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    prometheus.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = LoopbackServer(
        uvicorn.Config(
            prometheus, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield prometheus
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def real_prometheus(directory: Path) -> AsyncIterator[str]:
    """The URL of a real Prometheus that scrapes itself each second; it has scraped a few times."""
    assert BINARY is not None
    port = _free_port()
    config = directory / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: self\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
    )
    process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [
            BINARY, f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        await eventually(lambda: _has_scraped(url), within=30)
        yield url
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def _has_scraped(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            query = {"query": "count_over_time(up[1m]) >= 3"}
            reply = await http.get(f"{url}/api/v1/query", params=query)
        except httpx.HTTPError:
            return False
        return reply.is_success and bool(reply.json()["data"]["result"])
