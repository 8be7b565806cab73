"""The gateway's HTTP API."""

from serving.api.app import create_app
from serving.api.gateway import Gateway, PackInfo

__all__ = ["Gateway", "PackInfo", "create_app"]
