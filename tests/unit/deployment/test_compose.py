"""docker-compose.yml fits together with the image, the settings and the files that it mounts."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def volumes() -> list[tuple[str, str, str]]:
    """Return service, what is mounted, and where, of every volume."""
    found = []
    for name, service in SERVICES.items():
        for one in service.get("volumes", []):
            what, where = re.split(r":(?=/)", one, maxsplit=1)
            found.append((name, what, where))
    return found


def test_every_setting_of_the_service_is_one_that_it_knows() -> None:
    """A mistyped variable would silently mean the default."""
    known = {variable(name) for name in Settings.model_fields}
    given = {name for service in SERVICES.values() for name in service.get("environment", {}) if "QUANTRAC" in name}
    assert given
    assert given <= known


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_stands_in_the_file(name: str) -> None:
    """Passwords and tokens come from files that the operator makes; there is no default one."""
    secret = re.compile(r"PASSWORD|TOKEN|SECRET", re.IGNORECASE)
    for key, value in SERVICES[name].get("environment", {}).items():
        if secret.search(key):
            assert key.endswith("_FILE"), key
            assert value.startswith(("/run/secrets/", "/etc/quantrac/tokens/", "${")), (key, value)


def test_every_secret_is_a_file_that_make_secrets_makes() -> None:
    """`make secrets` and the file know the same names."""
    made = re.search(r"for name in (.*?);", (ROOT / "Makefile").read_text("utf-8"))
    assert made
    assert {entry["file"] for entry in COMPOSE["secrets"].values()} == {f"./secrets/{one}" for one in made[1].split()}
    used = {one for service in SERVICES.values() for one in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()


def test_secret_files_that_are_named_are_mounted() -> None:
    """A variable that names /run/secrets/… needs that secret in the same service, where it is read."""
    for name in ("quantrac", "setup-influx", "influxdb", "grafana"):
        service = SERVICES[name]
        values = [value for value in service["environment"].values() if isinstance(value, str)]
        named = {value.removeprefix("/run/secrets/") for value in values if value.startswith("/run/secrets/")}
        # Only `run` opens a connection to the broker, so only it is given the broker's password.
        assert named - {"broker-password"} <= set(service["secrets"]), name
    assert "broker-password" in SERVICES["quantrac"]["secrets"]


def test_only_setup_sees_the_admin_token() -> None:
    """The service never holds it: what it can do, a thief of its memory can."""
    seen = {name for name, service in SERVICES.items() if "influxdb-admin-token" in service.get("secrets", [])}
    assert seen == {"influxdb", "setup-influx"}


def test_every_port_is_on_the_loopback_interface() -> None:
    """Nothing is open to the network before somebody puts TLS before it."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_is_mounted_is_there() -> None:
    """A path of the repository exists; a named volume is declared, and each declared one is used."""
    named = set()
    for _, what, _ in volumes():
        source = re.sub(r"\$\{\w+:-(.*)\}", r"\1", what)
        if not source.startswith("./"):
            named.add(source)
        elif not source.startswith("./secrets/"):
            assert (ROOT / source).exists(), source
    assert named == COMPOSE["volumes"].keys()


def test_services_wait_for_services_that_can_be_waited_for() -> None:
    """`healthy` needs a health check; `completed` needs a service that ends."""
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            if how["condition"] == "service_completed_successfully":
                assert SERVICES[name].get("restart", "no") != "unless-stopped"


def test_grafana_reads_dashboards_and_token_where_they_are_put() -> None:
    """Provisioning names the paths at which the compose file mounts volumes, and every bucket has a source."""
    grafana = {where.removesuffix(":ro"): what for name, what, where in volumes() if name == "grafana"}
    sources = (ROOT / "dashboards/provisioning/datasources/quantrac.yaml").read_text("utf-8")
    boards = yaml.safe_load((ROOT / "dashboards/provisioning/dashboards/quantrac.yaml").read_text("utf-8"))
    tokens = set(re.findall(r"\$__file\{(.*?)/[\w.]+\}", sources))
    folders = {str(Path(one["options"]["path"]).parent) for one in boards["providers"]}
    assert (tokens, folders) == ({"/etc/quantrac/tokens"}, {"/etc/quantrac/dashboards"})
    assert {grafana[path] for path in (*tokens, *folders)} == {"tokens", "dashboards"}
    for entry in yaml.safe_load(sources)["datasources"]:
        assert entry["uid"] == f"quantrac-{entry['database']}"
        assert entry["jsonData"]["dbName"] == entry["database"]


def test_the_image_holds_every_package_that_the_wheel_needs() -> None:
    """.dockerignore lets through what pyproject.toml builds from, and neither secrets nor data."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = re.search(r"packages = \[(.*?)\]", project, re.DOTALL)
    assert packages
    assert set(re.findall(r'"(\w+)"', packages[1])) <= allowed
    assert not allowed & {"secrets", "var", ".env", ".git", "tests"}
