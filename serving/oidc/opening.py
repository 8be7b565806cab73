"""Whether people can sign in at an identity provider: what the settings must say, checked before anything starts."""

from typing import TYPE_CHECKING

from dossier.errors import SettingsError
from dossier.settings import Settings
from dossier.web_addresses import is_this_machine

if TYPE_CHECKING:
    from serving.oidc.sign_in import ProviderSignIn


def require_usable_provider(settings: Settings) -> None:
    """Raise SettingsError for a provider at which nobody could sign in. Asks nobody anything."""
    if not settings.oidc_issuer:
        return
    if not settings.oidc_client_id:
        raise SettingsError("oidc_issuer is set, oidc_client_id isn't. Set it to what the provider calls Dossier.")
    if not (settings.oidc_admins or settings.oidc_analysts or settings.oidc_support or settings.oidc_default_role):
        raise SettingsError(
            "oidc_issuer is set, but nobody could sign in there. Name the provider's groups in oidc_admins, "
            "oidc_analysts or oidc_support, or set oidc_default_role."
        )
    if not settings.page_url and not is_this_machine(settings.host):
        raise SettingsError(
            f"oidc_issuer is set and the page is open to others (host {settings.host}). Set page_url to the address "
            "that they open, https://dossier.acme.example: the provider sends them back there."
        )


def provider_sign_in(settings: Settings) -> "ProviderSignIn | None":
    """The way in over the provider that the settings name; None where they name none. Asks nobody anything yet.

    Raises SettingsError for settings with which nobody could sign in.
    """
    require_usable_provider(settings)
    if not settings.oidc_issuer:
        return None
    # the libraries of the protocol take a third of a second to load, and most have no provider
    from serving.oidc.sign_in import ProviderSignIn

    return ProviderSignIn(settings)
