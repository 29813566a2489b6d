"""The three ports of the services: read from the environment, and free before the start."""

import errno
import os
import socket
from collections.abc import Mapping

from tollgate_local.errors import SetupError

DEFAULTS = {"CATALOG_PORT": 8001, "METRICS_PORT": 8002, "IMPROVEMENT_PORT": 8003}


def service_ports(environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Return the port by service ("catalog" ...); SetupError when one is no port or used twice."""
    ports: dict[str, int] = {}
    for variable, default in DEFAULTS.items():
        text = environment.get(variable) or str(default)
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
            raise SetupError(f"{variable}={text} is no port: set it to a number from 1 to 65535.")
        if int(text) in ports.values():
            raise SetupError(f"{variable}={text} is another service's port too: set another one.")
        ports[variable.removesuffix("_PORT").lower()] = int(text)
    return ports


def require_free(ports: Mapping[str, int]) -> None:
    """Raise SetupError for the first port on which something listens."""
    for service, port in ports.items():
        variable = f"{service.upper()}_PORT"
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                what = "is in use" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
                raise SetupError(
                    f"Port {port} {what}: stop what listens there, or set {variable} to a free one."
                ) from None
