"""A load over plain sockets, so that the client takes little of the two cores it shares."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

from tests.bench.figures import Figures, summarise

NextRequest = Callable[[int, int], bytes]
"""Gives the bytes of request number n of connection c."""


def request_bytes(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request, ready to send."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run_load(port: int, connections: int, seconds: float, following: NextRequest) -> Figures:
    """Each connection sends its next request when the one before is answered."""
    until = time.perf_counter() + seconds
    return _run(port, connections, following, lambda _: time.perf_counter() < until)


def run_burst(port: int, connections: int, following: NextRequest) -> Figures:
    """All connections send one request at once."""
    return _run(port, connections, following, lambda count: count == 0)


class _Connection:
    """One connection with its request that waits for an answer."""

    def __init__(self, number: int, port: int) -> None:
        self.number, self.count = number, 0
        self.wire = socket.create_connection(("127.0.0.1", port))
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sent_at = 0.0
        self._head, self._missing = b"", 0

    def send(self, following: NextRequest) -> None:
        payload = following(self.number, self.count)
        self.count += 1
        self._sent_at = time.perf_counter()
        self.wire.sendall(payload)

    def receive(self) -> tuple[float, int] | None:
        """Seconds and status of the reply, once it is whole; there is something to read."""
        block = self.wire.recv(1 << 20)
        if not block:
            raise ConnectionError("the server closed the connection in the middle of a reply")
        if self._missing:
            self._missing -= len(block)
        else:
            self._head += block
            head, ended, body = self._head.partition(b"\r\n\r\n")
            if not ended:
                return None
            self._head, self._missing = head, _content_length(head) - len(body)
        if self._missing:
            return None
        status, self._head = int(self._head.split(b" ", 2)[1]), b""
        return time.perf_counter() - self._sent_at, status


def _content_length(head: bytes) -> int:
    """Of a reply; those of our services carry it."""
    for field in head.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _run(
    port: int, connections: int, following: NextRequest, goes_on: Callable[[int], bool]
) -> Figures:
    """In one thread: dozens that wake each other would take what is to be measured."""
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(number, port) for number in range(connections)]
        for connection in opened:
            selector.register(connection.wire, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        for connection in opened:
            connection.send(following)
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.data
                reply = connection.receive()
                if reply is None:
                    continue
                latencies.append(reply[0])
                statuses[reply[1]] += 1
                if goes_on(connection.count):
                    connection.send(following)
                else:
                    selector.unregister(connection.wire)
                    connection.wire.close()
        elapsed = time.perf_counter() - started
    return summarise(latencies, elapsed, statuses)


def post_file(port: int, path: str, token: str, file: Path) -> tuple[int, bytes]:
    """Send a file as one NDJSON request; returns status and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1800, blocksize=1 << 20)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "Content-Length": str(file.stat().st_size),
    }
    try:
        with file.open("rb") as body:
            connection.request("POST", path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
    finally:
        connection.close()
