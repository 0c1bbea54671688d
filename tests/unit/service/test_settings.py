"""The environment: what it may say, and how it is told what is wrong."""

from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, read_settings, unknown_variables


def read(monkeypatch: pytest.MonkeyPatch, given: dict[str, str] | None = None, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"QUANTRAC_{name}", value)
    return read_settings(given or {}, {f"QUANTRAC_{name}": value for name, value in variables.items()})


def said(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(SettingsError) as raised:
        read(monkeypatch, **variables)
    return " ".join(str(one) for one in raised.value.wrong)


def test_without_variables_everything_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults are those that the design promises."""
    settings = read(monkeypatch)
    assert (settings.config, settings.data, settings.lang) == (Path("config"), Path("var"), "vi")
    assert settings.mqtt_url == "mqtt://127.0.0.1:1883"
    assert settings.public_address == "http://127.0.0.1:8080"
    assert settings.influx_url is None


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed counts."""
    assert read(monkeypatch, {"data": "here"}, DATA="there").data == Path("here")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files write `QUANTRAC_X=` for what is not set."""
    assert read(monkeypatch, INFLUX_URL="").influx_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MQTT_URL", "http://broker"),
        ("MQTT_URL", "mqtt://:1883"),
        ("MQTT_URL", "mqtt://host:port"),
        ("MAIL_URL", "mail.example"),
        ("INFLUX_URL", "influx:8086"),
        ("STATE_URL", "nonsense"),
        ("PUBLIC_BIND", "8080"),
        ("STAFF_BIND", "127.0.0.1:99999"),
        ("WORKER", "two"),
        ("WORKER", "ingest-63"),
        ("WORKER", "in gest-1"),
        ("LANG", "fr"),
    ],
)
def test_a_wrong_value_is_answered_with_variable_value_and_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """One reads which variable is meant and what to write."""
    sentence = said(monkeypatch, **{name: value})
    assert f"QUANTRAC_{name} is {value}, which cannot be used: " in sentence
    assert not sentence.endswith("used: .")


def test_all_wrong_variables_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody mends one only to meet the next."""
    sentence = said(monkeypatch, MQTT_URL="x", STAFF_BIND="y")
    assert "QUANTRAC_MQTT_URL" in sentence
    assert "QUANTRAC_STAFF_BIND" in sentence


@pytest.mark.parametrize(("name", "scheme"), [("MQTT", "mqtt"), ("MAIL", "smtp"), ("STATE", "postgresql")])
def test_a_password_in_an_address_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    """Secrets come from files only, and no message shows them."""
    sentence = said(monkeypatch, **{f"{name}_URL": f"{scheme}://user:geheim@host/db"})
    assert "geheim" not in sentence
    assert f"QUANTRAC_{name}_PASSWORD_FILE" in sentence


@pytest.mark.parametrize("worker", ["main", "ingest-1", "w62"])
def test_a_worker_is_main_or_ends_in_its_number(monkeypatch: pytest.MonkeyPatch, worker: str) -> None:
    """63 is left for imports."""
    assert read(monkeypatch, WORKER=worker).worker == worker


def test_a_secret_is_read_from_its_file_without_the_line_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Editors end files with a line end."""
    (tmp_path / "secret").write_text("geheim\n")
    settings = read(monkeypatch, MQTT_PASSWORD_FILE=str(tmp_path / "secret"))
    assert settings.secret("mqtt_password_file") == "geheim"


@pytest.mark.parametrize("content", [None, "\n"])
def test_a_secret_that_is_not_there_is_said_with_file_and_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    """A missing and an empty file are the same to who has to mend it."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    settings = read(monkeypatch, INFLUX_TOKEN_FILE=str(path))
    with pytest.raises(SettingsError, match="QUANTRAC_INFLUX_TOKEN_FILE") as raised:
        settings.secret("influx_token_file")
    assert str(path) in str(raised.value)


def test_a_variable_that_nobody_knows_is_not_passed_over() -> None:
    """A typing mistake would otherwise look like a default."""
    (sentence,) = unknown_variables({"QUANTRAC_MQT_URL": "x", "QUANTRAC_SOAK": "1", "HOME": "/", "QUANTRAC_LANG": "vi"})
    assert "QUANTRAC_MQT_URL" in str(sentence)
    assert "QUANTRAC_MQTT_URL" in str(sentence)


@pytest.mark.parametrize(
    ("bind", "address"), [("0.0.0.0:80", "http://127.0.0.1:80"), ("[::1]:9", "http://[::1]:9"), ("h:1", "http://h:1")]
)
def test_links_lead_to_where_pages_are_served(monkeypatch: pytest.MonkeyPatch, bind: str, address: str) -> None:
    """Nobody can follow a link to 0.0.0.0."""
    assert read(monkeypatch, STAFF_BIND=bind).staff_address == address


def test_the_address_in_links_is_the_one_that_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy the service listens elsewhere than its readers look."""
    assert read(monkeypatch, STAFF_URL="https://qt.example/").staff_address == "https://qt.example"
