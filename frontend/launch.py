"""How the page's process is started: everything by flags and environment, nothing from anybody's home."""

import os
import sys
from pathlib import Path
from typing import Final

from dossier.settings import PREFIX, SECRET, Settings
from frontend import theme

SERVER: Final = Path(__file__).with_name("server.py")
_UNSET: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def command(settings: Settings) -> list[str]:
    """The command line that serves the page at `settings.host`:`settings.page_port`."""
    flags = {**_options(settings), **theme.options()}
    return [sys.executable, "-m", "streamlit", "run", str(SERVER), *(f"--{name}={flags[name]}" for name in flags)]


def environment(settings: Settings) -> dict[str, str]:
    """The environment for that command: this process's, with the gateway's address and without secrets."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    for name in (*_UNSET, *(PREFIX + secret.upper() for secret in SECRET)):
        ours.pop(name, None)
    for name in ("host", "port", "page_port", "page_url", "question_characters", "session_hours"):
        ours[PREFIX + name.upper()] = str(getattr(settings, name))
    return ours


def _options(settings: Settings) -> dict[str, str]:
    return {
        "server.address": settings.host,
        "server.port": str(settings.page_port),
        "server.headless": "true",
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.xsrfCookieSameSite": "strict",
        "server.enableStaticServing": "false",
        "server.enableAgentApi": "false",
        "server.maxUploadSize": "64",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        # the welcome message would ask a site on the internet for this machine's public address
        "logger.hideWelcomeMessage": "true",
        "logger.level": "info",
        "runner.magicEnabled": "false",
        "global.developmentMode": "false",
    }
