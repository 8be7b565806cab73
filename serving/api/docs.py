"""The interactive documentation. Its script and style come from this machine, never from a CDN."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from dossier.errors import NotFoundError
from serving.api.policy import GuardedRoute

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_OURS = Path(__file__).parent / "static"
_SWAGGER = Path(str(files("fastapi_offline"))) / "static"
_FILES = {
    "start.js": _OURS / "start.js",
    "icon.svg": _OURS / "icon.svg",
    "swagger-ui-bundle.js": _SWAGGER / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER / "swagger-ui.css",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@router.get("/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    """The description of the API for programs."""
    description: dict[str, Any] = request.app.openapi()
    return description


@router.get("/docs")
async def page() -> FileResponse:
    """The page."""
    return FileResponse(_OURS / "docs.html", headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{file}")
async def asset(file: str) -> FileResponse:
    """A part of the page. Only the files named here exist."""
    if file not in _FILES:
        raise NotFoundError("There is no such file. The documentation is at /docs.")
    return FileResponse(_FILES[file], headers={"Cache-Control": "public, max-age=3600"})
