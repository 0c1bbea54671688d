"""What an InfluxDB 2 needs before the service can use it: buckets, mappings for InfluxQL, two tokens of little reach.

Done once, with the admin token, which the service itself never holds. Done again, it changes nothing.
"""

# influxdb-client has types for a part of itself only.
# mypy: disallow-untyped-calls=False

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from influxdb_client.client.bucket_api import BucketsApi
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.dbrp_create import DBRPCreate
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.service.dbr_ps_service import DBRPsService
from urllib3.exceptions import HTTPError

from domain.text import QuantracError, Text
from storage.influx import EVENTS, READINGS, ROLLUPS, SERVICE
from storage.readings import StoreUnavailable

_FOR_EVER = timedelta(0)
_SECOND = timedelta(seconds=1)
_TIMEOUT = 30_000  # ms


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a bucket keeps its points (0: for ever), and how much time one shard group holds."""

    kept: timedelta
    shard_group: timedelta

    @property
    def rule(self) -> BucketRetentionRules:
        """As the API takes it: a rule with `everySeconds` 0 keeps for ever, and still says how long a shard is."""
        return BucketRetentionRules(
            type="expire",
            every_seconds=self.kept // _SECOND,
            shard_group_duration_seconds=self.shard_group // _SECOND,
        )


# With the default of 7 days, ten years of daily means cost ten times the space and fifty times the files.
BUCKETS: Mapping[str, Plan] = {
    READINGS: Plan(_FOR_EVER, timedelta(days=28)),
    ROLLUPS: Plan(_FOR_EVER, timedelta(days=365)),
    EVENTS: Plan(_FOR_EVER, timedelta(days=365)),
    SERVICE: Plan(timedelta(days=90), timedelta(days=7)),
}

# The tokens, by the file that each is written to, and what each may do with the buckets.
TOKENS = {"service": ("read", "write"), "grafana": ("read",)}


def setup(url: str, org: str, admin_token: str, out: Path) -> list[Text]:
    """Make what is missing; return what was made, kept or found to be otherwise than planned.

    The tokens are written to `service.token` and `grafana.token` in `out`, readable by their owner only.
    Raises StoreUnavailable where the server does not answer or does not take the token, QuantracError where it has no
    organisation `org` or a file cannot be written.
    """
    try:
        with InfluxDBClient(url.rstrip("/"), admin_token, timeout=_TIMEOUT) as client:
            return _setup(_Organisation(client, url.rstrip("/"), org), out)
    except InfluxDBError as error:
        raise StoreUnavailable(_why(error)) from error
    except HTTPError as error:
        raise StoreUnavailable(str(error).rpartition(">: ")[2] or type(error).__name__) from error
    except OSError as error:
        raise QuantracError(
            Text("{file} cannot be written: {why}.", {"file": str(error.filename or out), "why": error.strerror})
        ) from error


def _setup(server: "_Organisation", out: Path) -> list[Text]:
    ids, done = {}, []
    for name, plan in BUCKETS.items():
        bucket, said = server.bucket(name, plan)
        ids[name] = str(bucket.id)
        done += [said, server.mapping(name, ids[name])]
    out.mkdir(parents=True, exist_ok=True)
    return done + [server.token(out / f"{name}.token", ids, actions) for name, actions in TOKENS.items()]


class _Organisation:
    """An organisation of an InfluxDB 2, seen with its admin token."""

    def __init__(self, client: InfluxDBClient, url: str, name: str) -> None:
        self._client = client
        self._url = url
        self._name = name
        self._id = self._find()
        found = BucketsApi(client).find_buckets_iter(org_id=self._id, limit=100)
        self._buckets: dict[str, Bucket] = {bucket.name: bucket for bucket in found}

    def _find(self) -> str:
        try:
            found = self._client.organizations_api().find_organizations(org=self._name)
        except InfluxDBError as error:
            if error.response is None or error.response.status != 404:
                raise
            found = []
        named = [one for one in found if one.name == self._name]
        if not named:
            raise QuantracError(
                Text("{url} has no organisation {org} that this token may see. QUANTRAC_INFLUX_ORG must name the one "
                     "that the admin token belongs to.", {"url": self._url, "org": self._name})
            )  # fmt: skip
        return str(named[0].id)

    def bucket(self, name: str, plan: Plan) -> tuple[Bucket, Text]:
        """Return the bucket and what there is to say of it; one that is there stays as it is."""
        found = self._buckets.get(name)
        if found is None:
            made = BucketsApi(self._client).create_bucket(bucket_name=name, org=self._id, retention_rules=plan.rule)
            return made, Text("Made the bucket {bucket}.", {"bucket": name})
        rule = found.retention_rules[0] if found.retention_rules else BucketRetentionRules(every_seconds=0)
        wanted = (plan.rule.every_seconds, plan.rule.shard_group_duration_seconds)
        if (rule.every_seconds, rule.shard_group_duration_seconds) == wanted:
            return found, Text("The bucket {bucket} is there.", {"bucket": name})
        return found, _otherwise(found, rule, plan)

    def mapping(self, name: str, bucket: str) -> Text:
        """Make the bucket known to InfluxQL as a database of its name, unless it is."""
        service = DBRPsService(self._client.api_client)
        mappings = service.get_dbr_ps(org_id=self._id, db=name).content or []
        others = [one for one in mappings if one.default and one.bucket_id != bucket]
        if others:
            raise QuantracError(
                Text("InfluxQL's database {bucket} is another bucket ({other}). Delete that mapping "
                     "(influx v1 dbrp delete --id {id}), and run setup-influx again.",
                     {"bucket": name, "other": others[0].bucket_id, "id": others[0].id})
            )  # fmt: skip
        # Newer servers map every bucket to a database of its name by themselves, and call that virtual.
        if any(one.default and one.bucket_id == bucket for one in mappings):
            return Text("InfluxQL knows {bucket}.", {"bucket": name})
        wanted = DBRPCreate(
            org_id=self._id, bucket_id=bucket, database=name, retention_policy="autogen", default=True
        )  # fmt: skip
        service.post_dbrp(wanted)
        return Text("Made {bucket} known to InfluxQL.", {"bucket": name})

    def token(self, file: Path, buckets: Mapping[str, str], actions: tuple[str, ...]) -> Text:
        """Write a token that may do `actions` with the buckets, unless the file holds one that is good."""
        if self._is_good(file, buckets, may_write="write" in actions):
            return Text("The token in {file} is good.", {"file": str(file)})
        permissions = [
            Permission(action=action, resource=PermissionResource(type="buckets", id=bucket, org_id=self._id))
            for bucket in buckets.values()
            for action in actions
        ]
        wanted = Authorization(org_id=self._id, permissions=permissions, description=f"quantrac {file.stem}")
        made = self._client.authorizations_api().create_authorization(authorization=wanted)
        _write_secret(file, str(made.token))
        return Text("Wrote a new token to {file}.", {"file": str(file)})

    def _is_good(self, file: Path, buckets: Mapping[str, str], *, may_write: bool) -> bool:
        """Tell whether the token in `file` may do what it should and no more, by using it: a server may keep none in clear.

        Of a pair that was mixed up, neither is good: the service could not write, and Grafana could.
        """
        token = file.read_text("utf-8").strip() if file.exists() else ""
        if not token:
            return False
        with InfluxDBClient(self._url, token, timeout=_TIMEOUT) as client:
            find, write = BucketsApi(client).find_bucket_by_id, client.write_api(write_options=SYNCHRONOUS).write
            # The right is asked for before the body is read, and a comment is no point: nothing is written.
            return all(
                _is_allowed(partial(find, bucket)) and _is_allowed(partial(write, bucket, self._id, "#")) == may_write
                for bucket in buckets.values()
            )


def _is_allowed(act: Callable[[], object]) -> bool:
    """Do `act`; tell whether the token could. Raises InfluxDBError for any other reason that it was not done."""
    try:
        act()
    except InfluxDBError as error:
        if error.response is not None and error.response.status in {401, 403, 404}:
            return False
        raise
    return True


def _otherwise(bucket: Bucket, rule: BucketRetentionRules, plan: Plan) -> Text:
    kept, shard = rule.every_seconds or 0, rule.shard_group_duration_seconds or 0
    command = (
        f"influx bucket update --id {bucket.id} --retention {plan.rule.every_seconds}s "
        f"--shard-group-duration {plan.rule.shard_group_duration_seconds}s"
    )
    return Text(
        "The bucket {bucket} is there, but keeps {kept} s in shards of {shard} s instead of {wanted_kept} s and "
        "{wanted_shard} s (0 means for ever). It works; to have it as planned: {command}",
        {
            "bucket": bucket.name, "kept": str(kept), "shard": str(shard), "command": command,
            "wanted_kept": str(plan.rule.every_seconds), "wanted_shard": str(plan.rule.shard_group_duration_seconds),
        },
    )  # fmt: skip


def _write_secret(file: Path, secret: str) -> None:
    """Write `secret` so that nobody else can read it at any moment, and the file is never half there."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(f"{secret}\n")
    fresh.replace(file)


def _why(error: InfluxDBError) -> str:
    status = error.response.status if error.response is not None else None
    return f"{status}: {error.message}"
