"""compose.yaml, checked by whatever can: Compose itself where it is, and rules of our own."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli import run
from api.commands.processes import QUEUES
from ingest.base.queue import SOFT_SHUTDOWN_SECONDS

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("build")}
SECRETS = {"POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"}


def seconds(duration: str) -> int:
    found = re.fullmatch(r"(\d+)s", duration)
    assert found, f"{duration}: write it in seconds"
    return int(found[1])


def test_compose_itself_takes_it(tmp_path: Path) -> None:
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    command = ["docker", "compose", "version"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose here")
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    filled = re.sub(r"(?m)^(\w+)=$", r"\1=secret", (ROOT / ".env.example").read_text())
    (tmp_path / ".env").write_text(filled)
    command = ["docker", "compose", "config", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_part_of_production_is_there() -> None:
    assert set(OURS) == {"migrate", "api", "hearing", "mining", "sending", "beat"}
    assert "pgvector" in SERVICES["db"]["image"]
    assert "rabbitmq" in SERVICES["broker"]["image"]
    assert {"store", "bucket"} <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_our_commands_are_commands_of_the_command_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = OURS[name]["command"]
    assert run([*command, "--help"]) == 0
    assert f"Usage: earshot {command[0]}" in capsys.readouterr().out
    assert len(command) == 1 or command[1] in QUEUES


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_its_limits_and_its_health(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    if service["restart"] == "no":
        assert "healthcheck" not in service, "it runs once"
    else:
        check = service["healthcheck"]
        assert check["test"][0] in ("CMD", "CMD-SHELL")
        assert seconds(check["timeout"]) <= seconds(check["interval"])
        assert seconds(service["stop_grace_period"]) >= 10
    assert not re.search(r":(latest)?$|^[^:]+$", service["image"]), "an image names its version"


@pytest.mark.parametrize("name", list(QUEUES))
def test_a_worker_is_asked_to_stop_softly_and_has_the_time(name: str) -> None:
    assert OURS[name]["stop_signal"] == "SIGQUIT", "which begins Celery's soft shutdown"
    assert seconds(OURS[name]["stop_grace_period"]) > SOFT_SHUTDOWN_SECONDS + 10


def test_only_the_api_has_a_port_and_only_on_loopback() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"api": ["${EARSHOT_PUBLISH:-127.0.0.1:8321}:8321"]}


def test_what_waits_waits_for_what_is_there() -> None:
    for name, service in SERVICES.items():
        for other, wait in service.get("depends_on", {}).items():
            once = SERVICES[other]["restart"] == "no"
            condition = "service_completed_successfully" if once else "service_healthy"
            assert wait["condition"] == condition, (name, other)


def test_every_volume_is_declared_and_used() -> None:
    used = {v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_no_secret_has_a_default_and_each_is_in_the_example() -> None:
    text = (ROOT / "compose.yaml").read_text()
    named = dict(re.findall(r"\$\{(\w+)([:?-]*[^}]*)\}", text))
    assert set(named) >= SECRETS
    assert all(named[name].startswith(":?") for name in SECRETS)
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert set(named) == set(example)
    assert not any(example[name] for name in SECRETS)


def test_our_containers_have_no_more_rights_than_they_need() -> None:
    for service in OURS.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER earshot" in lines
    assert "--require-hashes" in " ".join(lines)


def test_the_image_holds_all_that_it_copies_and_every_room() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {
        word
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert {"ingest", "transcribe", "insights", "api"} <= copied
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for name in copied:
        assert (ROOT / name).exists() or name == "README.md"
        assert f"!{name}" in allowed
