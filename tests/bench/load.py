"""A load over plain sockets, so that the client takes little of the two cores it shares."""

import socket
import threading
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


def _run(
    port: int, connections: int, following: NextRequest, goes_on: Callable[[int], bool]
) -> Figures:
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def one_connection(number: int) -> None:
        mine, seen = [], Counter[int]()
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            count = 0
            while goes_on(count):
                payload = following(number, count)
                started = time.perf_counter()
                wire.sendall(payload)
                seen[_status_of_reply(wire)] += 1
                mine.append(time.perf_counter() - started)
                count += 1
        with lock:
            latencies.extend(mine)
            statuses.update(seen)

    started = time.perf_counter()
    threads = [threading.Thread(target=one_connection, args=(n,)) for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summarise(latencies, time.perf_counter() - started, statuses)


def _status_of_reply(wire: socket.socket) -> int:
    """Read one whole reply; replies of our services carry Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(wire)
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for field in head.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    missing = length - len(body)
    while missing > 0:
        missing -= len(_more(wire))
    return int(head.split(b" ", 2)[1])


def _more(wire: socket.socket) -> bytes:
    block = wire.recv(65536)
    if not block:
        raise ConnectionError("the server closed the connection in the middle of a reply")
    return block


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
