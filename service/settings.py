"""Where things are: the environment, and nothing else, says so. Secrets stand in files that it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from domain.text import N_, QuantracError, Text
from storage.journal import worker_number

PREFIX = "QUANTRAC_"

# Variables that no setting of the service bears: those of the tests.
_NOT_OURS = frozenset({"QUANTRAC_SOAK"})
_ADDRESS = re.compile(r"^(?P<host>\[[0-9a-fA-F:]+\]|[^:\s]+):(?P<port>\d{1,5})$")
_NAME = re.compile(r"^[A-Za-z0-9_-]{1,40}$")

# The worker of `quantrac import`; no other may have its number.
IMPORT_WORKER = "import-63"
IMPORT_NUMBER = 63


class SettingsError(QuantracError):
    """The environment says something that cannot be used: a sentence for each variable."""

    def __init__(self, *wrong: Text) -> None:
        """Keep all that is wrong."""
        super().__init__(wrong[0])
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as the environment does."""
        return f"{self.host}:{self.port}"


class _Wrong(ValueError):
    """Carries what would be right through pydantic."""

    def __init__(self, right: Text) -> None:
        super().__init__(str(right))
        self.right = right


class Settings(BaseSettings):
    """Every variable of the environment that the service knows, with its default."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True, validate_default=False
    )

    config: Path = Field(Path("config"), description=N_("folder of the configuration"))
    data: Path = Field(
        Path("var"), description=N_("folder of the data: journals, quarantine, and whatever no server keeps")
    )
    lang: Literal["vi", "en"] = Field("vi", description=N_("language of the commands: vi or en"))
    mqtt_url: str = Field(
        "mqtt://127.0.0.1:1883",
        description=N_("the stations' broker, such as mqtt://user@host:1883 or mqtts://user@host:8883"),
    )
    mqtt_password_file: Path | None = Field(None, description=N_("file with the broker's password"))
    files: Path | None = Field(
        None, description=N_("folder into which an FTP server puts the stations' files; without it none are taken")
    )
    influx_url: str | None = Field(
        None,
        description=N_("the InfluxDB 2 that keeps readings and figures; without it SQLite in the data folder does"),
    )
    influx_org: str = Field("quantrac", description=N_("organisation in InfluxDB"))
    influx_token_file: Path | None = Field(
        None, description=N_("file with the service's token for InfluxDB, as setup-influx writes it")
    )
    influx_admin_token_file: Path | None = Field(
        None, description=N_("file with InfluxDB's admin token; only setup-influx needs it")
    )
    state_url: str | None = Field(
        None,
        description=N_(
            "database of the state, such as postgresql+psycopg://user@host/database; without it SQLite in the data folder"
        ),
    )
    state_password_file: Path | None = Field(None, description=N_("file with the password of that database"))
    public_bind: str = Field("127.0.0.1:8080", description=N_("host and port where the public pages listen"))
    public_url: str | None = Field(
        None, description=N_("address of the public pages in links; without it where they listen")
    )
    staff_bind: str = Field(
        "127.0.0.1:8081", description=N_("host and port where the staff pages listen: links of mails, health, metrics")
    )
    staff_url: str | None = Field(
        None, description=N_("address of the staff pages in links of mails; without it where they listen")
    )
    grafana_url: str | None = Field(None, description=N_("the Grafana of `dashboards check` and `dashboards push`"))
    grafana_token_file: Path | None = Field(None, description=N_("file with the token of a service account in Grafana"))
    worker: str = Field(
        "main", description=N_("name of the ingest worker: main, or one that ends in a number from 1 to 62")
    )
    clock: str | None = Field(
        None,
        description=N_(
            "another beginning and speed of time, for trials, such as 2026-03-01T00:00+07:00@60; only on an empty data folder"
        ),
    )
    mail_url: str | None = Field(
        None,
        description=N_("mail server, such as smtp://host:25, smtp+starttls://user@host:587 or smtps://user@host:465"),
    )
    mail_password_file: Path | None = Field(None, description=N_("file with the mail server's password"))
    mail_from: str = Field("quantrac@localhost", description=N_("sender of the mails"))

    @field_validator("mqtt_url")
    @classmethod
    def _broker(cls, written: str) -> str:
        parts = _parts(written, {"mqtt", "mqtts"}, "mqtt://user@host:1883")
        if parts.password:
            raise _Wrong(Text("put the password into a file and name it by QUANTRAC_MQTT_PASSWORD_FILE"))
        return written

    @field_validator("mail_url")
    @classmethod
    def _mail_server(cls, written: str) -> str:
        parts = _parts(written, {"smtp", "smtps", "smtp+starttls"}, "smtp://user@host:25")
        if parts.password:
            raise _Wrong(Text("put the password into a file and name it by QUANTRAC_MAIL_PASSWORD_FILE"))
        return written

    @field_validator("influx_url", "grafana_url", "public_url", "staff_url")
    @classmethod
    def _web(cls, written: str) -> str:
        _parts(written, {"http", "https"}, "http://127.0.0.1:8086")
        return written.rstrip("/")

    @field_validator("state_url")
    @classmethod
    def _database(cls, written: str) -> str:
        try:
            url = make_url(written)
        except ArgumentError as error:
            raise _Wrong(Text("write postgresql+psycopg://user@host/database or sqlite:////path")) from error
        if url.password:
            raise _Wrong(Text("put the password into a file and name it by QUANTRAC_STATE_PASSWORD_FILE"))
        return written

    @field_validator("public_bind", "staff_bind")
    @classmethod
    def _listening(cls, written: str) -> str:
        address(written)
        return written

    @field_validator("worker")
    @classmethod
    def _worker(cls, written: str) -> str:
        right = Text("write main, or a name that ends in a number from 1 to 62, such as ingest-2")
        try:
            number = worker_number(written)
        except ValueError as error:
            raise _Wrong(right) from error
        if number == IMPORT_NUMBER or not _NAME.match(written):
            raise _Wrong(right)
        return written

    @property
    def public_address(self) -> str:
        """The public pages' address in links, without a slash at its end."""
        return self.public_url or f"http://{_reachable(address(self.public_bind))}"

    @property
    def staff_address(self) -> str:
        """The staff pages' address in signed links, without a slash at its end."""
        return self.staff_url or f"http://{_reachable(address(self.staff_bind))}"

    def secret(self, name: str) -> str | None:
        """Return what stands in the file that the setting `name` names, None where it names none.

        Raises SettingsError where the file cannot be read or is empty.
        """
        path: Path | None = getattr(self, name)
        return None if path is None else read_secret(path, variable(name))


def variable(name: str) -> str:
    """Return the environment variable of the setting `name`."""
    return PREFIX + name.upper()


@dataclass(frozen=True, slots=True)
class Variable:
    """What a variable of the environment means, and what holds without it (None: nothing)."""

    name: str
    default: str | None
    meaning: Text


def variables() -> list[Variable]:
    """Return every variable that the service knows, as the settings themselves define it."""
    return [_explained(name, one.default, one.description or "") for name, one in Settings.model_fields.items()]


def _explained(name: str, default: Any, meaning: str) -> Variable:
    return Variable(variable(name), None if default is None else str(default), Text(meaning))


def read_settings(given: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Return the settings of the environment; what was `given` on the command line goes before it.

    Raises SettingsError, which names every variable that is wrong and what would be right.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = [_wrong(detail, environment, given) for detail in error.errors(include_url=False)]
        raise SettingsError(*wrong) from error


def unknown_variables(environment: Mapping[str, str]) -> list[Text]:
    """Return a sentence for every variable that looks like ours and is none: a typing mistake is not passed over."""
    known = {variable(name) for name in Settings.model_fields} | _NOT_OURS
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [_unknown(name, known) for name in unknown]


def _unknown(name: str, known: set[str]) -> Text:
    found = get_close_matches(name, known, n=1)
    if found:
        return Text("The variable {name} is not known; did you mean {near}?", {"name": name, "near": found[0]})
    return Text("The variable {name} is not known.", {"name": name})


def _wrong(detail: Any, environment: Mapping[str, str], given: Mapping[str, Any]) -> Text:
    name = str(detail["loc"][0])
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, _Wrong):
        right = cause.right
    elif name == "lang":
        right = Text("write vi or en")
    else:
        right = Text("see docs/reference/environment.md")
    asked = f"--{name}" if name in given else variable(name)
    value = given.get(name, environment.get(variable(name), detail.get("input")))
    return Text("{variable} is {value}, which cannot be used: {right}.", {
        "variable": asked, "value": _without_password(str(value)), "right": right,
    })  # fmt: skip


def _without_password(written: str) -> str:
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:…@", written)


def _parts(written: str, schemes: set[str], example: str) -> Any:
    try:
        parts = urlsplit(written)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _Wrong(Text("write an address such as {example}", {"example": example}))
    return parts


def address(written: str) -> Address:
    """Read `host:port`. Raises ValueError."""
    found = _ADDRESS.match(written)
    if found is None or not 0 <= int(found["port"]) < 65536:
        raise _Wrong(Text("write host:port, such as 127.0.0.1:8080"))
    return Address(found["host"].strip("[]"), int(found["port"]))


def _reachable(listening: Address) -> str:
    host = "127.0.0.1" if listening.host == "0.0.0.0" else listening.host  # noqa: S104 - compared, not bound
    return f"[{host}]:{listening.port}" if ":" in host else f"{host}:{listening.port}"


def read_secret(path: Path, named_by: str) -> str:
    """Return the secret in `path` without its line end. Raises SettingsError, which names the variable `named_by`."""
    try:
        secret = path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            Text(
                "{variable} names the file {path}, which cannot be read ({why}). Write the secret into it.",
                {
                    "variable": named_by,
                    "path": str(path),
                    "why": getattr(error, "strerror", None) or str(error),
                },
            )
        ) from error
    if not secret:
        values = {"variable": named_by, "path": str(path)}
        raise SettingsError(Text("{variable} names the file {path}, which is empty.", values))
    return secret


def user_of(url: str) -> str | None:
    """Return the user's name in `url`, if it has one."""
    name = urlsplit(url).username
    return unquote(name) if name else None
