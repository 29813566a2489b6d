"""Structured logs: one JSON object a line, with the request id that the caller sees too."""

import json
import logging
import sys
from typing import Any

import orjson
import structlog

from shared.kit.settings import ServiceSettings


def configure_logging(settings: ServiceSettings) -> None:
    """Send structlog's and the standard library's loggers to standard error, in one format.

    Ours write their lines themselves: by way of the standard library a line takes twice as long,
    and each request has one.
    """
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    console = settings.log_format == "console"
    renderer: list[structlog.typing.Processor] = (
        # The default formatter takes seconds for a deep trace, and shows the locals: also secrets.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_json)]
    )
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*steps, *renderer],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*steps, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # The request log below is ours; httpx and procrastinate would repeat it line by line.
    for noisy in ("uvicorn.access", "httpx", "httpcore", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=settings.service_name)


def _as_json(event: Any, **options: Any) -> str:
    try:
        return orjson.dumps(event, **options).decode()
    except TypeError:  # a number of over 64 bits, or half a surrogate pair
        return json.dumps(event, **options)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The structured logger of a module."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return bound
