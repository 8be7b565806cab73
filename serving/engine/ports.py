"""Whether a port can be listened on."""

import socket

from dossier.errors import EnvironmentProblem


def require_free_port(host: str, port: int, setting: str) -> None:
    """Raise EnvironmentProblem when another process listens on the port; `setting` is the one that names it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            name = f"DOSSIER_{setting.upper()}"
            raise EnvironmentProblem(
                f"port {port} on {host} can't be used ({error.strerror}). End the program that uses it or choose "
                f"another: {name}={port + 1}"
            ) from error
