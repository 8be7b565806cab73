"""How the page is started, and what it is made of."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit import config

import frontend
from dossier.settings import Settings
from frontend.launch import SERVER, command, environment

_FORBIDDEN = (
    "authlib",
    "joserfc",
    "torch",
    "langchain",
    "langchain_core",
    "transformers",
    "vllm",
    "retrieval",
    "serving",
    "training",
)


def flags(settings: Settings) -> dict[str, str]:
    given = [argument.removeprefix("--").partition("=") for argument in command(settings)[5:]]
    return {name: value for name, _, value in given}


def test_the_command_runs_our_server_with_this_python() -> None:
    assert command(Settings())[:5] == [sys.executable, "-m", "streamlit", "run", str(SERVER)]
    assert SERVER.is_file()


def test_every_flag_is_an_option_that_streamlit_has() -> None:
    options = config.get_config_options()
    assert [name for name in flags(Settings()) if name not in options] == []


def test_address_and_port_are_the_settings() -> None:
    given = flags(Settings(host="0.0.0.0", page_port=9100))  # noqa: S104
    assert (given["server.address"], given["server.port"]) == ("0.0.0.0", "9100")  # noqa: S104


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("browser.gatherUsageStats", "false"),
        ("server.headless", "true"),
        ("server.enableXsrfProtection", "true"),
        ("server.enableCORS", "true"),
        ("server.fileWatcherType", "none"),
        ("client.showErrorDetails", "none"),
        ("client.toolbarMode", "minimal"),
        ("logger.hideWelcomeMessage", "true"),
    ],
)
def test_the_careful_options_are_set(name: str, value: str) -> None:
    assert flags(Settings())[name] == value


def test_no_option_names_a_place_on_the_internet() -> None:
    assert not [argument for argument in command(Settings()) if "http" in argument or "//" in argument]


def test_the_environment_has_the_gateways_address_and_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_ADMIN_PASSWORD", "hush hush hush")
    monkeypatch.setenv("DOSSIER_DATABASE_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "true")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    made = environment(Settings(port=9001, page_port=9002))
    assert (made["DOSSIER_PORT"], made["DOSSIER_PAGE_PORT"], made["DOSSIER_HOST"]) == ("9001", "9002", "127.0.0.1")
    assert not {"DOSSIER_ADMIN_PASSWORD", "DOSSIER_DATABASE_URL", "HTTPS_PROXY"} & set(made)
    assert not [name for name in made if name.startswith("STREAMLIT_")]
    assert "PATH" in made


@pytest.mark.slow
def test_the_page_holds_no_model_and_none_of_the_other_packages() -> None:
    folder = Path(frontend.__file__).parent
    files = [file.relative_to(folder.parent).with_suffix("") for file in folder.rglob("*.py")]
    modules = [".".join(file.parts) for file in files if file.stem not in ("app", "__init__")]
    assert {"frontend.chat.page", "frontend.server"} <= set(modules)
    code = (
        f"import sys\nfor name in {modules!r}: __import__(name)\n"
        f"print([name for name in {_FORBIDDEN!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder.parent)
    assert done.stdout.strip() == "[]"


def test_the_style_and_the_code_load_nothing_from_elsewhere() -> None:
    for file in Path(frontend.__file__).parent.iterdir():
        if file.suffix in (".css", ".svg"):
            text = file.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
            assert "http" not in text
            assert "@import" not in text
            assert "url(" not in text
