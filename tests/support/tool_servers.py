"""ITSM tools that can be asked over HTTP, on loopback: as much of them as pulling needs."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Record = dict[str, str]
SINCE = re.compile(r"sys_updated_on>=([0-9: -]+)")
OQL = re.compile(r"last_update >= '([0-9: -]+)'")


@dataclass
class ToolServer:
    """What the tool holds, how it misbehaves next, and what it was asked."""

    records: list[Record] = field(default_factory=list)
    failing: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    after_page: Callable[["ToolServer"], None] = lambda _: None
    url: str = ""


def servicenow(server: ToolServer, query: dict[str, Any], auth: str) -> Any:
    """The Table API: filtered, ordered, paged by offset, in all display forms."""
    if auth != "Basic " + base64.b64encode(b"reader:secret").decode():
        return {"error": {"message": "User Not Authenticated"}, "status": "failure"}
    since = SINCE.search(query["sysparm_query"])
    assert since is not None
    found = sorted(
        (r for r in server.records if r["sys_updated_on"] >= since.group(1)),
        key=lambda r: (r["sys_updated_on"], r["sys_id"]),
    )
    start = int(query["sysparm_offset"])
    page = found[start : start + int(query["sysparm_limit"])]
    return {"result": [{k: {"value": v, "display_value": v} for k, v in r.items()} for r in page]}


def itop(server: ToolServer, form: dict[str, Any], auth: str) -> Any:
    """core/get with paging; errors are HTTP 200."""
    if form["auth_pwd"] != "secret":
        return {"code": 1, "message": "Error: Invalid login"}
    question = json.loads(form["json_data"])
    since = OQL.search(question["key"])
    assert since is not None
    found = [r for r in server.records if r["last_update"] >= since.group(1)]
    start = (question["page"] - 1) * question["limit"]
    page = found[start : start + question["limit"]]
    objects = {
        f"{question['class']}::{r['id']}": {
            "code": 0,
            "class": question["class"],
            "key": r["id"],
            "fields": r,
        }
        for r in page
    }
    return {"code": 0, "message": f"Found: {len(page)}", "objects": objects or None}


@contextmanager
def tool_server(answer: Callable[[ToolServer, dict[str, Any], str], Any]) -> Iterator[ToolServer]:
    """The tool, listening on a port of its own."""
    server = ToolServer()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self, sent: dict[str, Any]) -> None:
            server.asked.append({"path": self.path, **sent})
            if server.failing:
                status, body = server.failing.pop(0)
            else:
                auth = self.headers.get("Authorization", "")
                status, body = 200, json.dumps(answer(server, sent, auth)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            server.after_page(server)

        def do_GET(self) -> None:
            self._reply({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._reply({k: v[0] for k, v in parse_qs(body).items()})

        def log_message(self, *_: object) -> None:
            """Tests need no log of it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
