from __future__ import annotations

import re

import pytest

from regulars.errors import InvalidSettingError
from regulars.web.serve import read_settings
from regulars.web.settings import ServerSettings
from tests.conftest import ROOT


def test_every_setting_is_in_the_document() -> None:
    document = (ROOT / "docs/app.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `REGULARS_SERVE_(\w+)`", document, re.M))
    assert named == {name.upper() for name in ServerSettings.model_fields} - {"DATABASE"}


def test_settings_come_from_the_environment_and_the_command_line_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGULARS_SERVE_PORT", "9000")
    monkeypatch.setenv("REGULARS_SERVE_ALLOWED_HOSTS", '["shop.example"]')
    assert read_settings(port=None).port == 9000
    assert read_settings(port=9001).port == 9001
    assert "shop.example" in read_settings().hosts


@pytest.mark.parametrize(("name", "value"), [("UPLOADS", "0"), ("UPLOAD_BYTES", "many"), ("ALLOWED_HOSTS", "a b")])  # fmt: skip
def test_a_setting_without_meaning_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"REGULARS_SERVE_{name}", value)
    with pytest.raises(InvalidSettingError, match=f"(?i){name}"):
        read_settings()


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("shop.example", False)],
)  # fmt: skip
def test_what_only_this_machine_can_reach(host: str, is_loopback: bool) -> None:
    assert ServerSettings(host=host).is_loopback is is_loopback
