"""The contract, and /docs from files that the fastapi-offline package ships: no request leaves the
machine."""

import asyncio
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson
from fastapi import FastAPI, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

CONVENTIONS = """
**Of all operations**

- *Who calls*: a bearer token of an issuer that is trusted here, with the scopes that stand at the
  operation; 403 names the one that is missing. Who has `identity:act-for` names the person it acts
  for, percent-encoded, in `On-Behalf-Of`.
- *Errors* are `application/problem+json`: decide by `code`, show `detail`, mark the fields that
  `errors[].pointer` points at (`/name` in the body, `/query/limit`, `/header/if-match`).
  A query parameter that an operation does not have is one too (`unknown_parameter`): misspelt, it
  would answer another question. Every answer has an `X-Request-Id`, yours if you sent one.
- *Lists* are pages of at most `limit` items. `next_cursor`, also linked by the header `Link`, is
  the `cursor` of the next page, and null on the last one. What a cursor holds may change any day.
- *Changes*: who reads one thing is told its `ETag`. Where `If-Match` is demanded send that: 428
  without, 412 where somebody changed it in between.
- *Creating again* with the same `Idempotency-Key` gives the first answer again, with
  `Idempotency-Replayed: true`; 409 while the first is being worked on, 422 with another body.
- *Values*: stamps are answered in UTC; money is a decimal text with its currency beside it; a
  duration is in the unit that its name or the KPI's `unit` says; shares are 0 to 1.
- A 503 with `Retry-After` passes: repeat after that many seconds.
"""


def serve_docs(app: FastAPI) -> None:
    """Put the contract at /openapi.json, Swagger UI at /docs and its files below it."""
    _serve_contract(app)
    app.mount("/docs/static", StaticFiles(directory=_static_files()), name="docs-static")

    @app.get("/docs", include_in_schema=False)
    async def get_docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url="/docs/static/swagger-ui-bundle.js",
            swagger_css_url="/docs/static/swagger-ui.css",
            swagger_favicon_url="/docs/static/favicon.png",
        )


def _serve_contract(app: FastAPI) -> None:
    """To make a contract of hundreds of operations takes seconds: once, and off the event loop, so
    that who looks at it first keeps nobody waiting. FastAPI's own route would."""
    making = asyncio.Lock()

    @cache
    def made() -> bytes:
        return orjson.dumps(app.openapi())

    @app.get("/openapi.json", include_in_schema=False)
    async def get_contract() -> Response:
        async with making:
            contract = await run_in_threadpool(made)
        return Response(contract, media_type="application/json")


def _static_files() -> Path:
    # Found without importing: the package's own code patches FastAPI, we only need its files.
    spec = find_spec("fastapi_offline")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
