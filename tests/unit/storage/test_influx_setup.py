"""What setup-influx asks of an InfluxDB 2: a test of the protocol, against its documented API."""

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.text import QuantracError
from storage.influx_setup import setup
from storage.readings import StoreUnavailable
from support.influxdb_v2 import ADMIN, ManagedInflux
from support.mosquitto import free_port

NAMES = ("readings", "rollups", "events", "service")
DAY = int(timedelta(days=1).total_seconds())


@pytest.fixture
def influx() -> Iterator[ManagedInflux]:
    made = ManagedInflux()
    yield made
    made.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def run(influx: ManagedInflux, out: Path, *, org: str = "quantrac", token: str = ADMIN) -> list[str]:
    return [str(text) for text in setup(influx.url, org, token, out)]


@pytest.mark.parametrize(
    ("bucket", "kept_days", "shard_days"),
    [("readings", 0, 28), ("rollups", 0, 365), ("events", 0, 365), ("service", 90, 7)],
)
def test_every_bucket_keeps_as_long_and_in_such_shards_as_designed(
    influx: ManagedInflux, out: Path, bucket: str, kept_days: int, shard_days: int
) -> None:
    """0 is for ever."""
    run(influx, out)
    assert influx.named(bucket)["retentionRules"] == [
        {"type": "expire", "everySeconds": kept_days * DAY, "shardGroupDurationSeconds": shard_days * DAY}
    ]


def test_two_tokens_are_written_that_can_do_no_more_than_they_must(influx: ManagedInflux, out: Path) -> None:
    """The service reads and writes our buckets, Grafana reads them; neither sees another bucket."""
    other = influx.add_bucket("other", 0, 0)["id"]
    run(influx, out)
    service, grafana = ((out / f"{name}.token").read_text().strip() for name in ("service", "grafana"))
    ours = [influx.named(name)["id"] for name in NAMES]
    assert [[influx.may(service, action, one) for one in ours] for action in ("read", "write")] == [[True] * 4] * 2
    assert [[influx.may(grafana, action, one) for one in ours] for action in ("read", "write")] == [
        [True] * 4, [False] * 4,
    ]  # fmt: skip
    assert not any(influx.may(token, action, other) for token in (service, grafana) for action in ("read", "write"))


def test_the_tokens_are_for_their_owner_only(influx: ManagedInflux, out: Path) -> None:
    """Nobody else can read a secret, and no half-written one is left."""
    run(influx, out)
    assert {stat.S_IMODE(file.stat().st_mode) for file in out.iterdir()} == {0o600}
    assert sorted(file.name for file in out.iterdir()) == ["grafana.token", "service.token"]


@pytest.mark.parametrize("virtual", [True, False])
def test_run_again_it_changes_nothing(out: Path, virtual: bool) -> None:
    """Neither on the server nor in the files, and it says what it kept."""
    influx = ManagedInflux(virtual=virtual)
    run(influx, out)
    before, written = influx.writes, {file.name: file.read_text() for file in out.iterdir()}
    said = run(influx, out)
    assert influx.writes == before
    assert {file.name: file.read_text() for file in out.iterdir()} == written
    assert not any("Made" in line or "Wrote" in line for line in said)
    influx.close()


def test_a_server_that_maps_by_itself_gets_no_mappings(influx: ManagedInflux, out: Path) -> None:
    """A virtual mapping is enough."""
    run(influx, out)
    assert influx.mappings == []


def test_an_older_server_gets_a_default_mapping_for_each_bucket(out: Path) -> None:
    """So that `db=readings` is answered without a retention policy."""
    influx = ManagedInflux(virtual=False)
    run(influx, out)
    made = {(one["database"], one["retention_policy"], one["bucketID"], one["default"]) for one in influx.mappings}
    assert made == {(name, "autogen", influx.named(name)["id"], True) for name in NAMES}
    influx.close()


def test_a_token_that_was_withdrawn_is_made_anew(influx: ManagedInflux, out: Path) -> None:
    """And the other stays."""
    run(influx, out)
    grafana, service = out / "grafana.token", out / "service.token"
    kept, gone = grafana.read_text(), service.read_text()
    del influx.tokens[gone.strip()]
    said = run(influx, out)
    assert grafana.read_text() == kept
    assert service.read_text() != gone
    assert sum("Wrote" in line for line in said) == 1


def test_a_token_of_another_server_is_made_anew(influx: ManagedInflux, out: Path) -> None:
    """A file is worth what its token opens."""
    out.mkdir()
    (out / "service.token").write_text("from-somewhere-else")
    run(influx, out)
    assert influx.may((out / "service.token").read_text().strip(), "write", influx.named("readings")["id"])


def test_tokens_that_were_mixed_up_are_made_anew(influx: ManagedInflux, out: Path) -> None:
    """A token that can do too little is no good, nor is one that can do too much."""
    run(influx, out)
    grafana, service = out / "grafana.token", out / "service.token"
    mixed = [service.read_text(), grafana.read_text()]
    grafana.write_text(mixed[0])
    service.write_text(mixed[1])
    said = run(influx, out)
    assert sum("Wrote" in line for line in said) == 2
    assert not {grafana.read_text(), service.read_text()} & set(mixed)
    bucket = influx.named("readings")["id"]
    assert [influx.may(one.read_text().strip(), "write", bucket) for one in (service, grafana)] == [True, False]


def test_a_token_for_buckets_that_were_made_anew_is_made_anew(influx: ManagedInflux, out: Path) -> None:
    """The right hangs on the bucket's id, not on its name."""
    run(influx, out)
    del influx.buckets[influx.named("events")["id"]]
    assert sum("Wrote" in line for line in run(influx, out)) == 2
    assert influx.may((out / "service.token").read_text().strip(), "write", influx.named("events")["id"])


def test_a_token_that_may_not_see_the_organisation_is_no_admin_token(influx: ManagedInflux, out: Path) -> None:
    """The server shows it no organisation at all, and we say what that means."""
    run(influx, out)
    with pytest.raises(QuantracError, match="QUANTRAC_INFLUX_ORG"):
        run(influx, out, token=(out / "service.token").read_text().strip())


def test_a_bucket_that_is_there_stays_as_it_is_and_is_said(influx: ManagedInflux, out: Path) -> None:
    """With the command that would make it as planned."""
    influx.add_bucket("readings", 0, 7 * DAY)
    said = run(influx, out)
    assert influx.named("readings")["retentionRules"][0]["shardGroupDurationSeconds"] == 7 * DAY
    assert any("604800" in line and "--shard-group-duration 2419200s" in line for line in said)


def test_buckets_are_found_among_many(influx: ManagedInflux, out: Path) -> None:
    """The server lists a hundred at a time."""
    for number in range(130):
        influx.add_bucket(f"other-{number}", 0, 0)
    influx.add_bucket("readings", 0, 28 * DAY)
    said = run(influx, out)
    assert "The bucket readings is there." in said
    before = influx.writes
    run(influx, out)
    assert influx.writes == before


def test_a_database_that_is_another_bucket_is_refused(influx: ManagedInflux, out: Path) -> None:
    """Queries would read somewhere else than the service writes."""
    other = influx.add_bucket("telegraf", 0, 0)["id"]
    influx.mappings.append({
        "id": "00000000000000aa", "orgID": "x", "bucketID": other, "database": "readings",
        "retention_policy": "autogen", "default": True,
    })  # fmt: skip
    with pytest.raises(QuantracError, match="00000000000000aa"):
        run(influx, out)


def test_an_organisation_that_is_not_there_is_named(influx: ManagedInflux, out: Path) -> None:
    """With the variable that names it."""
    with pytest.raises(QuantracError, match=r"nobody.*QUANTRAC_INFLUX_ORG"):
        run(influx, out, org="nobody")


@pytest.mark.parametrize("status", [401, 503])
def test_a_server_that_refuses_is_away(influx: ManagedInflux, out: Path, status: int) -> None:
    """Nothing is written then."""
    influx.refuse = status
    with pytest.raises(StoreUnavailable, match=str(status)):
        run(influx, out)
    assert not out.exists()


def test_a_wrong_admin_token_is_refused(influx: ManagedInflux, out: Path) -> None:
    """As any server would say."""
    with pytest.raises(StoreUnavailable, match="401"):
        run(influx, out, token="guess")


def test_a_server_that_is_not_there_is_away(out: Path) -> None:
    """A one-shot command ends with status 3 then."""
    with pytest.raises(StoreUnavailable):
        setup(f"http://127.0.0.1:{free_port()}", "quantrac", ADMIN, out)


def test_a_folder_that_cannot_be_written_is_named(influx: ManagedInflux, tmp_path: Path) -> None:
    """A file stands in its place."""
    blocked = tmp_path / "secrets"
    blocked.write_text("")
    with pytest.raises(QuantracError, match="secrets"):
        run(influx, blocked)
