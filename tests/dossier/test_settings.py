from pathlib import Path

import pytest

from dossier.errors import SettingsError
from dossier.settings import load_settings, origins


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_environment_wins_over_file_and_file_over_default(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "dossier.toml").write_text('port = 9001\npage_port = 9002\npack = "finance"\n')
    monkeypatch.setenv("DOSSIER_PORT", "9003")
    settings = load_settings()
    assert (settings.port, settings.page_port, settings.engine_port) == (9003, 9002, 8100)
    where = origins(settings)
    assert where["port"] == "environment DOSSIER_PORT"
    assert where["page_port"] == "dossier.toml"
    assert where["engine_port"] == "default"


def test_unknown_settings_are_named(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_PROT", "9000")
    with pytest.raises(SettingsError, match="DOSSIER_PROT"):
        load_settings()
    monkeypatch.delenv("DOSSIER_PROT")
    (elsewhere / "dossier.toml").write_text("prot = 1\n")
    with pytest.raises(SettingsError, match="prot"):
        load_settings()


def test_bad_values_name_setting_and_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_PORT", "99999")
    with pytest.raises(SettingsError, match=r"port.*99999"):
        load_settings()


def test_broken_file_is_named(elsewhere: Path) -> None:
    (elsewhere / "dossier.toml").write_text("port = = 3")
    with pytest.raises(SettingsError, match=r"dossier\.toml"):
        load_settings()


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_SETTINGS", "nowhere.toml")
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_ADMIN_PASSWORD", "hunter2-hunter2")
    assert "hunter2" not in repr(load_settings())
