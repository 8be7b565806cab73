"""The command `dossier replay`."""

from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from dossier.errors import EnvironmentProblem
from dossier.gateway_errors import STRANGE, error_of
from dossier.operator_key import read_operator_key
from dossier.settings import load_settings
from serving.terminal import printable

_SECONDS = 300.0


def replay(
    answer_id: Annotated[str, typer.Argument(metavar="ID", help="The answer's id, from the API or a conversation.")],
) -> None:
    """Ask again what was answered once, of the documents as they were then, and tell what differs.

    Dossier must be running. Example: dossier replay chatcmpl-0f3a5d0f2c1b4e6f8a9b0c1d
    """
    settings = load_settings()
    print("\n".join(replay_lines(replayed(settings.api_url, read_operator_key(settings), answer_id))))


def replayed(url: str, key: str, answer_id: str) -> dict[str, Any]:
    """The gateway's reply. Raises DossierError."""
    headers = {"Authorization": f"Bearer {key}"}
    try:
        path = f"/answers/{quote(answer_id, safe='')}/replay"
        reply = httpx.post(f"{url}{path}", headers=headers, timeout=_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise EnvironmentProblem(f"no gateway answers at {url} ({error}). Start it with `dossier run`.") from error
    try:
        body = reply.json()
    except ValueError as error:
        raise EnvironmentProblem(STRANGE) from error
    if reply.is_error:
        raise error_of(body, reply.status_code)
    return dict(body)


def replay_lines(body: dict[str, Any]) -> list[str]:
    """Both answers and what differs, as lines for a terminal."""
    then, now = body["then"], body["now"]
    asked_as = then["pin"]["question"]
    lines = [f"Question ({body['owner']}): {body['question']}"]
    lines += [f"Asked as: {asked_as}"] if asked_as != body["question"] else []
    lines += [f"Note: {body['note']}"] if body["note"] else []
    for name, answer in (("Then", then), ("Now", now)):
        pin = answer["pin"]
        made = f"generation {pin['generation']}, {pin['model']}, prompt version {pin['prompt_version']}"
        lines += ["", f"{name} ({answer['verdict']}; {made}):", answer["text"]]
    lines += ["", "What differs:" if body["differences"] else "Nothing differs."]
    for one in body["differences"]:
        lines += [f"  {one['what']}", f"    then: {_short(one['then'])}", f"    now:  {_short(one['now'])}"]
    return [printable(line) for line in lines]


def _short(text: str) -> str:
    return " ".join(text.split())
