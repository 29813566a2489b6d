"""/docs from files that the fastapi-offline package ships: no request leaves the machine."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles


def serve_docs(app: FastAPI) -> None:
    """Put Swagger UI at /docs and its files below it."""
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


def _static_files() -> Path:
    # Found without importing: the package's own code patches FastAPI, we only need its files.
    spec = find_spec("fastapi_offline")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
