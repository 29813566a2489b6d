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
