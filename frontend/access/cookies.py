"""The cookie that keeps a sign-in in the browser. Scripts can't read it, and other sites can't have it sent."""

from starlette.requests import Request
from starlette.responses import Response

from dossier.settings import load_settings
from frontend.access.tickets import Admission


def cookie_name(page_port: int) -> str:
    """Name of the cookie. Cookies don't tell ports apart, so two Dossiers on one machine need two names."""
    return f"dossier_session_{page_port}"


def is_secure(request: Request) -> bool:
    """Whether the browser came over https, here or to the proxy in front."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


def keep_cookie(request: Request, response: Response, admission: Admission) -> None:
    """Let the browser keep a sign-in."""
    response.set_cookie(
        cookie_name(load_settings().page_port),
        admission.token,
        max_age=admission.seconds,
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )
