"""The container runs as nobody in particular, on a file system that it cannot write to."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from regulars.cli import app
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("service", ["app", "build"])
def test_a_service_is_confined(service: str) -> None:
    about = COMPOSE["services"][service]
    assert about["read_only"] is True
    assert about["user"].split(":")[0] not in ("", "0", "root")
    assert about["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in about["security_opt"]
    assert [volume for volume in about["volumes"] if not volume.startswith(("published:", "./data:/input:ro"))] == []  # fmt: skip


def test_the_app_is_open_to_this_machine_only_and_wants_a_token() -> None:
    about = COMPOSE["services"]["app"]
    assert all(port.startswith("127.0.0.1:") for port in about["ports"])
    assert ":?" in about["environment"]["REGULARS_SERVE_TOKEN"]
    assert about["volumes"] == ["published:/data:ro"]


def test_the_image_ends_as_another_user_than_root() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.M)
    assert users
    assert users[-1].split(":")[0] not in ("0", "root")
    assert "libgomp1" in DOCKERFILE  # LightGBM's


def test_everything_that_is_copied_exists_and_passes_the_ignore_file() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}  # fmt: skip
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M):
        for source in shlex.split(line)[:-1]:
            assert (ROOT / source).exists(), source
            assert any(Path(source).is_relative_to(one) for one in kept), source
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    folders = [*project["model-paths"], *project["seed-paths"], *project["macro-paths"], *project["docs-paths"], *project["analysis-paths"]]  # fmt: skip
    assert set(folders) <= kept


@pytest.mark.parametrize("service", ["app", "build"])
def test_the_commands_of_the_services_exist(service: str) -> None:
    about = COMPOSE["services"][service]
    words = [*about.get("entrypoint", [])[1:], *about.get("command", [])]
    shown = CliRunner().invoke(app, [words[0], "--help"])
    assert shown.exit_code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in shown.output
