"""What runs in a Grafana against what is generated: compare, and put right."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaException, TokenAuth
from niquests.exceptions import RequestException

from dashboards.panels import Json
from domain.text import QuantracError, Text

FOLDER_UID, FOLDER_TITLE = "quantrac", "quantrac"

# Grafana counts these itself, or raises them when it reads a dashboard.
_ITS_OWN = frozenset({"id", "version", "schemaVersion"})


class GrafanaUnavailable(QuantracError):
    """Grafana does not answer, or does not let us."""

    exit_status = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a running dashboard is not what is generated.

    `where` is the place in the JSON (`panels[2].title`), empty for a dashboard that is not there at all; `generated`
    and `running` are what stands there.
    """

    dashboard: str  # its uid
    where: str
    generated: Any
    running: Any


def differences(generated: Json, running: Json | None) -> list[Difference]:
    """Compare a generated dashboard with the one that runs, None if none does.

    What Grafana adds on its own (defaults of a later version) is no difference; a list of another length is.
    """
    uid = str(generated["uid"])
    if running is None:
        return [Difference(uid, "", generated["title"], None)]
    ours = {key: value for key, value in generated.items() if key not in _ITS_OWN}
    return [Difference(uid, where, mine, theirs) for where, mine, theirs in _unlike(ours, running, "")]


def _unlike(mine: Any, theirs: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key, value in mine.items():
            yield from _unlike(value, theirs.get(key), f"{where}.{key}" if where else key)
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for place, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from _unlike(one, other, f"{where}[{place}]")
    elif mine != theirs and not (_is_nothing(mine) and _is_nothing(theirs)):
        yield where, mine, theirs


def _is_nothing(value: Any) -> bool:
    # Grafana leaves out what is empty when it saves.
    return value is None or value in ([], {}, "")


class Grafana:
    """A running Grafana, asked through its HTTP API with a service account's token. Raises GrafanaUnavailable."""

    def __init__(self, url: str, token: str) -> None:
        """Nothing is asked yet."""
        self._url = url
        credential = TokenAuth(token)  # type: ignore[no-untyped-call]  # the client has types for most of itself only
        self._api = GrafanaApi.from_url(url, credential=credential, timeout=10.0)

    def check(self, wanted: Mapping[str, str]) -> list[Difference]:
        """Compare what `dashboards.generate.generate` gave with what runs."""
        boards = [json.loads(content) for content in wanted.values()]
        return [found for board in boards for found in differences(board, self._running(board["uid"]).board)]

    def push(self, wanted: Mapping[str, str]) -> list[str]:
        """Make every dashboard that differs as it is generated; return their uids.

        Raises QuantracError, before anything is changed, where Grafana reads one of them from files.
        """
        boards = [json.loads(content) for content in wanted.values()]
        running = {board["uid"]: self._running(board["uid"]) for board in boards}
        stale = [board for board in boards if differences(board, running[board["uid"]].board)]
        for board in stale:
            if running[board["uid"]].provisioned:
                raise _from_files(self._url, board["uid"])
        if stale:
            self._make_folder()
        for board in stale:
            payload = {"dashboard": {**board, "id": None}, "folderUid": FOLDER_UID, "overwrite": True}
            self._ask(self._api.dashboard.update_dashboard, payload)
        return [str(board["uid"]) for board in stale]

    def _running(self, uid: str) -> "_Running":
        found = self._ask(self._api.dashboard.get_dashboard, uid, missing_is_none=True)
        if found is None:
            return _Running(None, provisioned=False)
        if not isinstance(found, dict) or not isinstance(found.get("dashboard"), dict):
            raise GrafanaUnavailable(Text("What answers at {url} is no Grafana.", {"url": self._url}))
        return _Running(found["dashboard"], provisioned=bool(found.get("meta", {}).get("provisioned")))

    def _make_folder(self) -> None:
        if self._ask(self._api.folder.get_folder, FOLDER_UID, missing_is_none=True) is None:
            self._ask(self._api.folder.create_folder, FOLDER_TITLE, FOLDER_UID)

    def _ask(self, question: Callable[..., Any], *arguments: Any, missing_is_none: bool = False) -> Any:
        try:
            return question(*arguments)
        except GrafanaException as error:
            if error.status_code == 404 and missing_is_none:
                return None
            raise _refused(self._url, error) from error
        except (RequestException, OSError) as error:
            raise _away(self._url, type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class _Running:
    """A dashboard as it runs, and whether Grafana reads it from files."""

    board: Json | None
    provisioned: bool


def _from_files(url: str, uid: str) -> QuantracError:
    return QuantracError(
        Text("Grafana at {url} reads the dashboard {uid} from files and lets nobody change it. Write the files: "
             "quantrac dashboards generate", {"url": url, "uid": uid})
    )  # fmt: skip


def _away(url: str, why: str) -> GrafanaUnavailable:
    return GrafanaUnavailable(
        Text("Grafana at {url} does not answer ({why}). QUANTRAC_GRAFANA_URL says where it is.",
             {"url": url, "why": why})
    )  # fmt: skip


def _refused(url: str, error: GrafanaException) -> GrafanaUnavailable:
    if not error.status_code:
        return _away(url, str(error.message))
    values = {"url": url, "status": str(error.status_code), "why": str(error.message)}
    if error.status_code in {401, 403}:
        return GrafanaUnavailable(
            Text("Grafana at {url} does not accept the token ({status}: {why}). Put a token of a service account with "
                 "the role Editor into the file that QUANTRAC_GRAFANA_TOKEN_FILE names.", values)
        )  # fmt: skip
    return GrafanaUnavailable(Text("Grafana at {url} answers {status}: {why}", values))
