"""The two addresses of the page by which a browser signs in at the company's identity provider.

`/oidc/start` goes to the provider, `/oidc/callback` comes back from it. The gateway speaks to the provider and decides;
here is only what a browser brings and keeps.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dossier.errors import DossierError
from dossier.settings import Settings, load_settings
from frontend.access.cookies import is_secure, keep_cookie
from frontend.access.tickets import SAYINGS, Admission
from frontend.gateway.client import Gateway
from frontend.gateway.provider_records import ProviderAnswer

START_PATH: Final = "/oidc/start"
CALLBACK_PATH: Final = "/oidc/callback"
SAID: Final = "said"
"""The parameter of the sign-in page's address with the ticket of what it is to say."""
_HERE: Final = "here"
_FOLDER: Final = "/oidc"
_LONGEST: Final = {"state": 200, "code": 4096, "iss": 500, "error": 200}


def go_to_provider(request: Request) -> Response:
    """Send the browser to the provider, with a secret in its cookie by which it is known when it comes back."""
    settings = load_settings()
    # the cookie belongs to the name in the address bar, and the provider sends people back to that of page_url
    if request.headers.get("host") != urlsplit(settings.page_address).netloc and _HERE not in request.query_params:
        return _redirect(f"{settings.page_address}{START_PATH}?{_HERE}")
    try:
        begun = _gateway(request, settings).begin_at_provider()
    except DossierError as error:
        return _back(str(error))
    response = _redirect(begun.address)
    response.set_cookie(
        _cookie(settings),
        begun.browser,
        max_age=begun.seconds,
        path=_FOLDER,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",  # it must come along when the provider's site sends the browser back
    )
    return response


def come_back(request: Request) -> Response:
    """Sign in whom the provider sent back; whatever goes wrong is said on the sign-in page."""
    settings = load_settings()
    browser = request.cookies.get(_cookie(settings), "")
    found = {name: request.query_params.get(name, "") for name in _LONGEST}
    if not browser or not found["state"] or any(len(found[name]) > most for name, most in _LONGEST.items()):
        response = _back("This sign-in was begun too long ago or in another browser. Sign in again.")
    else:
        try:
            sign_in = _gateway(request, settings).finish_at_provider(ProviderAnswer(browser=browser, **found))
        except DossierError as error:
            response = _back(str(error))
        else:
            response = _redirect("/")
            keep_cookie(request, response, Admission.of(sign_in, settings.session_hours))
    response.delete_cookie(_cookie(settings), path=_FOLDER, secure=is_secure(request), httponly=True, samesite="lax")
    return response


def _gateway(request: Request, settings: Settings) -> Gateway:
    return Gateway(settings.api_url, browser=request.client.host if request.client else None)


def _cookie(settings: Settings) -> str:
    return f"dossier_provider_{settings.page_port}"


def _back(why: str) -> Response:
    return _redirect(f"/?{SAID}={SAYINGS.issue(why)}")


def _redirect(address: str) -> Response:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
