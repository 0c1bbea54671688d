"""What people get wrong in a configuration, one after the other: each is named with exact file, line and key."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest.decoders import DECODERS
from registry.faults import ConfigurationError, Fault
from registry.load import load

CONFIG = Path(__file__).resolve().parents[3] / "config"


@dataclass(frozen=True)
class Broken:
    """`old` is replaced by `new`; then `key` is named, in the line that begins with `line`."""

    file: str
    old: str
    new: str
    key: str
    line: str
    wrong: str
    right: str

    def apply(self, folder: Path) -> None:
        path = folder / self.file
        text = path.read_text("utf-8")
        assert self.old in text, f"the shipped file has no {self.old!r} any more"
        path.write_text(text.replace(self.old, self.new, 1), "utf-8")

    def named(self, folder: Path) -> tuple[str, int, str, bool, bool]:
        lines = (folder / self.file).read_text("utf-8").splitlines()
        (number,) = (place for place, line in enumerate(lines, 1) if line.strip().startswith(self.line))
        return self.file, number, self.key, True, True


def seen(fault: Fault, broken: Broken) -> tuple[str, int | None, str, bool, bool]:
    return fault.file, fault.line, fault.key, broken.wrong in str(fault.wrong), broken.right in str(fault.right)


def _decoder(keys: str) -> tuple[str, str]:
    """Return what gives the station KK-LA-01, which speaks our own format, a decoder with `keys`."""
    old = "  - id: KK-LA-01\n"
    return old, f"{old}    decoder: {{{keys}}}\n"


def _named(names: str) -> tuple[str, str]:
    return _decoder(f"name: circular10, names: [{names}]")


BROKEN = [
    # values of the wrong kind
    Broken("stations.yaml", "latitude: 10.8225", 'latitude: "10.8225"', "stations[KK-DH1-01].latitude",
           'latitude: "10.8225"', "`10.8225` (text)", "without quotes"),
    Broken("province.yaml", "publish_facility_names: false", "publish_facility_names: no", "publish_facility_names",
           "publish_facility_names", "true or false to some programs", "write true or false"),
    Broken("province.yaml", "publish_facility_names: false", 'publish_facility_names: "false"',
           "publish_facility_names", "publish_facility_names", "true or false is expected", "without quotes"),
    Broken("teams.yaml", "name: Team lead 1", "name: on", "people[lead-1].name", "name: on", "true or false to some",
           'put it in quotes: "on"'),
    Broken("teams.yaml", "name: Team lead 1", f"name: {'x' * 81}", "people[lead-1].name", "name: xxx",
           "the text has 81 characters", "at most 80"),
    Broken("facilities.yaml", "from: 2020-01-01", "from: 0", "facilities[DN-07].applies[0].from",
           "- {regulation: DEMO", "a date is expected, this is `0`", "2026-01-31"),
    Broken("stations.yaml", "- id: KK-DH1-01", "- id: 012", "stations[012].id", "- id: 012", "another number",
           'put it in quotes: "012"'),
    Broken("stations.yaml", "- id: KK-DH1-01", "- id: 2026", "stations[2026].id", "- id: 2026", "text is expected",
           "put it in quotes"),
    Broken("facilities.yaml", "language: vi, mail: dn-07", "language: vi, phone: 0723888999, mail: dn-07",
           "facilities[DN-07].contacts[0].phone", "contacts: [{name: Người phụ trách mẫu, role: {vi: \"Phụ trách môi "
           "trường\", en: \"Environmental officer\"}, language: vi, phone", "another number", "put it in quotes"),
    Broken("parameters.yaml", "precision: 0, plausible: [0, 10000], plausible_at: {waste: [0, 150000]}",
           "precision: 0.5, plausible: [0, 10000]", "parameters[cod].precision", "- {id: cod,",
           "a whole number is expected", "whole number"),
    Broken("stations.yaml", "interval: 5 min", "interval: 300", "stations[KK-CG-01].interval", "interval: 300",
           "a duration is expected, this is `300`", "such as `5 min`"),
    Broken("stations.yaml", "interval: 5 min", "interval: -5 min", "stations[KK-CG-01].interval", "interval: -5",
           "a duration is expected", "such as `5 min`"),
    Broken("stations.yaml", "    parameters:\n      - {id: fill_level}", "    parameters: fill_level",
           "stations[CT-HN-01].parameters", "parameters: fill_level", "a list is expected", "one `- ` a line"),
    Broken("stations.yaml", "    parameters:\n      - {id: fill_level}", "    parameters: [fill_level]",
           "stations[CT-HN-01].parameters[0]", "parameters: [fill_level]", "keys and values are expected",
           "values: from, to, id, interval"),
    Broken("stations.yaml", "    parameters:\n      - {id: fill_level}", "    parameters: []",
           "stations[CT-HN-01].parameters", "parameters: []", "the list is empty", "at least one"),
    Broken("areas.yaml", 'names: {vi: "KCN Xuyên Á", en: "Xuyên Á industrial park"}', 'names: "KCN Xuyên Á"',
           "areas[xuyen-a].names", "- {id: xuyen-a", "keys and values are expected", "values: vi, en"),
    Broken("province.yaml", "policies:\n  capture: 0.75 ", "policies:\n  capture: 0,75 ", "policies.capture", "capture:",
           "a number is expected, this is `0,75`", "with a point"),
    # topics and decoders
    Broken("stations.yaml", "topic: tele/can-giuoc-01/SENSOR", "topic: tele/+/SENSOR",
           "stations[KK-CG-01].decoder.topic", "topic: tele/+", "a filter for many topics", "without + and #"),
    Broken("stations.yaml", "topic: tele/can-giuoc-01/SENSOR", "topic: tele/#", "stations[KK-CG-01].decoder.topic",
           "topic: tele/#", "a filter for many topics", "without + and #"),
    Broken("stations.yaml", "topic: tele/can-giuoc-01/SENSOR", "topic: /tele/can-giuoc-01",
           "stations[KK-CG-01].decoder.topic", "topic: /tele", "cannot be a station's topic", "none before or after"),
    Broken("stations.yaml", "topic: tele/can-giuoc-01/SENSOR", "topic: quantrac/KK-XA-01/air",
           "stations[KK-CG-01].decoder.topic", "topic: quantrac", "is the topic of `KK-XA-01` too", "of its own"),
    Broken("stations.yaml", "topic: tele/can-giuoc-01/SENSOR", "topic: quantrac/KK-CG-01/#",
           "stations[KK-CG-01].decoder.topic", "topic: quantrac", "a filter for many topics", "plant-7/outfall/#"),
    Broken("stations.yaml", "      time: Time\n", "", "stations[KK-CG-01].decoder", "decoder:",
           "nothing says when", "`receipt_time: true`"),
    Broken("stations.yaml", "name: fields\n      topic", "name: fields\n      records: [{name: t, parameter: pm25}]\n"
           "      topic", "stations[KK-CG-01].decoder.records", "records: [{name: t",
           "the decoder `fields` has no `records`", "this one takes: topic"),
    Broken("stations.yaml", "name: fields\n      topic", "name: lorawan\n      device: id\n      topic",
           "stations[KK-CG-01].decoder.device", "device: id", "the decoder `lorawan` has no `device`", "device_id"),
    Broken("stations.yaml", "      topic: tele/can-giuoc-01/SENSOR\n      time: Time\n",
           "      topic: tele/can-giuoc-01/SENSOR\n      device: id\n      time: Time\n",
           "stations[KK-CG-01].decoder.device", "device: id", "`device_id` is missing", "both, or neither"),
    Broken("stations.yaml", "      timezone: Asia/Ho_Chi_Minh\n", "      timezone: Asia/Ho_Chi_Minh\n      ignore: [Uptime, a..b]\n",
           "stations[KK-CG-01].decoder.ignore[1]", "ignore:", "`a..b` is no path", "[key=value]"),
    Broken("stations.yaml", "timezone: Asia/Ho_Chi_Minh", "timezone: GMT+7 hours",
           "stations[KK-CG-01].decoder.timezone", "timezone:", "no time zone", "Asia/Ho_Chi_Minh"),
    Broken("stations.yaml", "path: SDS0X1.PM10", "path: SDS0X1..PM10", "stations[KK-CG-01].decoder.fields[1].path",
           "- {path: SDS0X1..PM10", "is no path", "dots between them"),
    Broken("stations.yaml", "parameter: relative_humidity", "parameter: air_pressure",
           "stations[KK-CG-01].decoder.fields[3].parameter", "- {path: BME280.Humidity",
           "there is no `air_pressure` in the station's parameters", "possible: air_temperature"),
    # names and files of loggers
    Broken("stations.yaml", *_decoder("name: circular10, fields: [{path: x, parameter: pm25}]"),
           "stations[KK-LA-01].decoder.fields", "decoder: {", "the decoder `circular10` has no `fields`", "names"),
    Broken("stations.yaml", "name: fields\n", "name: fields\n      names: [{name: PM, parameter: pm25}]\n",
           "stations[KK-CG-01].decoder.names", "names: [", "the decoder `fields` has no `names`", "this one takes: topic"),
    Broken("stations.yaml", *_named("{name: Bụi mịn, parameter: co2}"), "stations[KK-LA-01].decoder.names[0].parameter",
           "decoder: {", "there is no `co2` in the station's parameters", "did you mean `co`?"),
    Broken("stations.yaml", *_named("{name: Bụi, parameter: pm25}, {name: BỤI, parameter: pm10}"),
           "stations[KK-LA-01].decoder.names[1].name", "decoder: {", "`BỤI` stands twice", "keep one"),
    Broken("stations.yaml", *_named("{name: Bụi, parameter: pm25, instead_of: mg/m3}"),
           "stations[KK-LA-01].decoder.names[0].instead_of", "decoder: {", "`unit` is missing", "both"),
    Broken("stations.yaml", *_named("{name: Bụi, parameter: pm25, unit: mg/m3}"),
           "stations[KK-LA-01].decoder.names[0].unit", "decoder: {", "`instead_of` is missing", "both"),
    Broken("stations.yaml", *_named("{name: Bụi, parameter: pm25, unit: mg/L, instead_of: mg}"),
           "stations[KK-LA-01].decoder.names[0].unit", "decoder: {", "`mg/L`", "ug/m3"),
    Broken("stations.yaml", *_decoder("files: [a/b]"), "stations[KK-LA-01].decoder.files[0]", "decoder: {",
           "cannot be the name of a file", "without folder, time and ending"),
    Broken("stations.yaml", *_decoder("folder: .taken"), "stations[KK-LA-01].decoder.folder", "decoder: {",
           "cannot be a folder", "not beginning with a dot"),
    Broken("stations.yaml", *_decoder("folder: KK-XA-01"), "stations[KK-LA-01].decoder.folder", "decoder: {",
           "`KK-XA-01` belongs to the files of `KK-XA-01` too", "a folder of its own"),
    # people
    Broken("teams.yaml", "address: lead1@quantrac.example", "address: lead1.quantrac.example",
           "people[lead-1].channels[0].address", "channels: [{kind: mail, address: lead1.", "is no mail address",
           "name@example.vn"),
    Broken("facilities.yaml", "mail: dn-08@facility.example", "mail: dn-08",
           "facilities[DN-08].contacts[0].mail", 'contacts: [{name: Người phụ trách mẫu, role: {vi: "Phụ trách môi '
           'trường", en: "Environmental officer"}, language: vi, mail: dn-08}', "is no mail address",
           "name@example.vn"),
    Broken("teams.yaml", "kind: mail, address: lead1", "kind: sms, address: lead1", "people[lead-1].channels[0].kind",
           "channels: [{kind: sms", "`sms` is not known here", "possible: mail, apprise"),
    Broken("teams.yaml", "language: en", "language: english", "people[lead-1].language", "language: english",
           "`english` is not known here", "possible: vi, en"),
    Broken("teams.yaml", "people: [ky-thuat-1]", "people: [kythuat-1]", "teams[van-hanh].people[0]",
           "- {id: van-hanh", "there is no `kythuat-1`", "did you mean `ky-thuat-1`?"),
    # references
    Broken("stations.yaml", "area: can-duoc", "area: can-duco", "stations[NM-CD-01].area", "area: can-duco",
           "there is no `can-duco` in areas.yaml", "did you mean `can-duoc`?"),
    Broken("stations.yaml", "facility: DN-14", "facility: dn-14", "stations[NT-DHU-01].facility", "facility: dn-14",
           "there is no `dn-14`", "did you mean `DN-14`?"),
    Broken("rules.yaml", "team: van-hanh", "team: nobody", "rules[container-full].team", "team: nobody",
           "there is no `nobody`", "possible: thanh-tra, van-hanh"),
    # law
    Broken("facilities.yaml", "{name: Kp, value: 0.9}", "{name: Kp, value: 0.9}, {name: Kz, value: 1.2}",
           "facilities[DN-08].applies[0].factors[1].name", "- {regulation: QCVN19-2009, column: B, from: 2015-01-01, "
           "to: 2032-01-01, factors: [{name: Kp, value: 0.9}, {name: Kz", "nothing is multiplied by the factor `Kz`",
           "possible: Kp, Kv"),
    Broken("facilities.yaml", "- {regulation: QCVN25-2009, column: B2, from: 2010-01-01, to: 2032-01-01}",
           "- {regulation: QCVN25-2009, column: B2, from: 2010-01-01, to: 2032-01-01}\n"
           "      - {regulation: QCVN14-2008, column: B, factors: [{name: K, value: 1.0}]}",
           "facilities[DN-15].applies[1]", "- {regulation: QCVN14-2008, column: B, factors",
           "`QCVN25-2009` and `QCVN14-2008` limit the same at once", "where the other begins"),
    Broken("facilities.yaml", "{name: Kf, value: 1.1}]}\n      - {regulation: QCVN40-2025, from: 2032-01-01}",
           "{name: Kf, value: 1.1}]}\n      - {regulation: QCVN40-2025, from: 2025-09-01}", "facilities[DN-10].applies[1]",
           "", "`QCVN40-2011` and `QCVN40-2025` limit the same at once", "where the other begins"),
    Broken("regulations/qcvn05-2013.yaml", "    to: 2023-09-12\n", "    to: 2024-01-01\n", "regulations[QCVN05-2023].from",
           "", "`QCVN05-2013` and `QCVN05-2023` limit the same at once", "where the other begins"),
    Broken("regulations/qcvn25-2009.yaml", "at_most: 30, ", "",
           "regulations[QCVN25-2009].rows[qcvn25-2009-A-bod5]", "- {row: qcvn25-2009-A-bod5", "there is no figure",
           "confidence: MISSING"),
    Broken("regulations/qcvn25-2009.yaml", "at_most: 30, ", "at_most: 30, at_least: 40, ",
           "regulations[QCVN25-2009].rows[qcvn25-2009-A-bod5].at_least", "- {row: qcvn25-2009-A-bod5",
           "40 is not below `at_most` 30", "exchange them"),
    Broken("regulations/qcvn40-2025.yaml", "unit: mg/L, confidence: MISSING",
           "unit: mg/L, confidence: MISSING, confirmed_by: A, confirmed_on: 2026-01-01",
           "regulations[QCVN40-2025].rows[qcvn40-2025-bod5].confirmed_by", "- {row: qcvn40-2025-bod5",
           "there is no figure to confirm", "remove confirmed_by"),
    Broken("regulations/qcvn25-2009.yaml", "at_most: 30, ", "at_most: 30, confirmed_by: A, confirmed_on: 2026-01-01, ",
           "regulations[QCVN25-2009].rows[qcvn25-2009-A-bod5].averaging", "- {row: qcvn25-2009-A-bod5",
           "the confirmation would not count", "limits confirm"),
    Broken("regulations/demo.yaml", "confirmed_on: 2026-01-05", "confirmed_on: 2199-01-01",
           "regulations[DEMO].rows[DEMO-cod].confirmed_on", "- {row: DEMO-cod", "2199-01-01 has not come yet",
           "on which it was confirmed"),
    Broken("facilities.yaml", "licensed_capacity: [{tonnes: 120, per: day, from: 2010-01-01}]",
           "licensed_capacity: [{tonnes: 120, per: day, from: 2010-01-01}, {tonnes: 9000, per: year}]",
           "facilities[DN-15].licensed_capacity[1]", "licensed_capacity: [", "two hold on the same days", "let one end"),
    Broken("facilities.yaml", "leachate_level: [{at_most: 2.5, from: 2010-01-01}]",
           "leachate_level: [{at_most: 2.5, from: 2010-01-01, to: 2009-01-01}]",
           "facilities[DN-15].leachate_level[0].to", "leachate_level: [", "", ""),
    Broken("facilities.yaml", "{name: Kf, value: 1.1}", "{name: Kf, value: 110}",
           "facilities[DN-10].applies[0].factors[1].value", "- {regulation: QCVN40-2011, column: B, from: 2012-02-15, "
           "to: 2032-01-01, factors: [{name: Kq, value: 0.9}, {name: Kf, value: 110", "`110` cannot stand here", "≤ 2"),
    Broken("facilities.yaml", "    design_flow: 800", "    permits:\n      - {parameter: tss, at_most: 40, unit: mg/L}\n"
           "      - {parameter: tss, averaging: hour, at_most: 50, unit: mg/L}\n    design_flow: 800",
           "facilities[DN-07].permits[1]", "- {parameter: tss, averaging: hour", "two limits for `tss`", "where the other"),
    Broken("regulations/qcvn19-2009.yaml", "at_most: 500, unit: mg/m3", "at_most: 500000, unit: mg/m3",
           "regulations[QCVN19-2009].rows[qcvn19-2009-B-so2].at_most", "- {row: qcvn19-2009-B-so2",
           "lies beyond what is plausible", "between 0 and 20000 mg/m3"),
    # rules
    Broken("rules.yaml", "parameters: [co, o3]\n    window: hour8", "parameters: [co, pm25]\n    window: hour8",
           "rules[air-8h].parameters[1]", "parameters: [co, pm25]", "no limit of `pm25` is compared with `hour8`",
           "limits of it are for: hour24"),
    Broken("rules.yaml", "    kind: silent\n", "    kind: silent\n    regulation: QCVN05-2013\n", "rules[silent].regulation",
           "regulation: QCVN05-2013", "a rule of kind `silent` has no `regulation`", "silent_after"),
    Broken("stations.yaml", "      - {id: cod}\n      - {id: tss}", "      - {id: cod, interval: 2 h}\n      - {id: tss}",
           "rules[cod-hour].window", "", "has no windows `hour`", "write a longer window"),
    Broken("rules.yaml", "at_most: 85", "at_most: 850", "rules[container-full].threshold.at_most", "threshold: {at_most: 850",
           "beyond what is plausible for `fill_level`", "between 0 and 100 %"),
    Broken("rules.yaml", "clear: {share: 0.8, windows: 1}", "clear: {share: 1.2, windows: 1}",
           "rules[container-full].clear.share", "clear: {share: 1.2", "`1.2` cannot stand here", "beyond the limit"),
    Broken("rules.yaml", "clear: {share: 1.0, windows: 3}", "clear: {share: 0.5, windows: 3}",
           "rules[ph-reading].clear.share", "clear: {share: 0.5", "no level is clear of both", "nearer to 1"),
    Broken("rules.yaml", "    windows: 1\n", "    windows: -1\n", "rules[air-hour].windows", "windows: -1",
           "`-1` cannot stand here", "≥ 1"),
    Broken("rules.yaml", "applies_to: {kinds: [air]}\n    parameters: [co, o3]",
           "regulation: QCVN08-2023\n    parameters: [co]", "rules[air-8h].parameters[0]", "parameters: [co]",
           "`QCVN08-2023` has no limit for `co`", "possible: "),
    Broken("province.yaml", "department:", "departement:", "departement", "departement:", "unknown key",
           "did you mean `department`?"),
    Broken("province.yaml", "journal_kept: 60 d", "journal_kept: 7 d", "policies.journal_kept", "journal_kept: 7",
           "7 days only", "at least 30 d"),
    Broken("province.yaml", "link_valid: 12 h", "link_valid: 0 h", "policies.link_valid", "link_valid: 0",
           "longer than nothing", "5 min"),
    Broken("facilities.yaml", "regulation: QCVN40-2011, column: B, from: 2012-02-15, to: 2032-01-01, factors: [{name: Kq, "
           "value: 0.9}, {name: Kf, value: 1.1", "regulation: QCVN40-2011, column: C, from: 2012-02-15, to: 2032-01-01, "
           "factors: [{name: Kq, value: 0.9}, {name: Kf, value: 1.1", "facilities[DN-10].applies[0].column",
           "- {regulation: QCVN40-2011, column: C", "has no column `C`", "possible: A, B"),
    Broken("parameters.yaml", "unit: ug/m3, formula: NO2", "unit: mg/m3, formula: NO2", "parameters[no2].unit",
           "- {id: no2,", "the index vn_aqi reads `no2` in ug/m3", "write ug/m3"),
    Broken("parameters.yaml", "{id: tsp,", "{id: ts.p,", "parameters[ts.p].id", "- {id: ts.p", "cannot stand here",
           "letters without marks"),
    Broken("parameters.yaml", "plausible: [0, 10000]}\n  - {id: so2", "plausible: [0]}\n  - {id: so2",
           "parameters[tsp].plausible", "- {id: tsp", "too few values", "[lowest, highest]"),
    Broken("teams.yaml", "people: [truc-1, lead-1]", "people: [truc-1, truc-1]", "teams[thanh-tra].people[1]",
           "- {id: thanh-tra", "stands twice in this team", "keep one"),
    Broken("rules.yaml", "applies_to: {kinds: [air]}\n    window: hour\n", "applies_to: {kinds: [aire]}\n    window: hour\n",
           "rules[air-hour].applies_to.kinds[0]", "applies_to: {kinds: [aire]", "is not known here", "did you mean `air`?"),
    Broken("rules.yaml", "threshold: {at_most: 85, unit", "threshold: {unit", "rules[container-full].threshold",
           "threshold: {unit", "there is no figure", "`at_most`"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, date(2026, 11, 24), DECODERS)
    return caught.value.faults


@pytest.mark.parametrize("broken", [one for one in BROKEN if one.line], ids=lambda one: f"{one.key} {one.new[:40]}")
def test_one_fault_is_named_once_and_where_it_is(folder: Path, broken: Broken) -> None:
    """With exact file, line and key, and nothing that only follows from it."""
    broken.apply(folder)
    found = faults_of(folder)
    assert [seen(fault, broken) for fault in found] == [broken.named(folder)], found


def changed(folder: Path, *broken: Broken) -> None:
    for one in broken:
        one.apply(folder)


def short(found: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.file, fault.key) for fault in found]


def test_all_of_many_faults_come_in_one_go_and_in_the_order_of_the_files(folder: Path) -> None:
    """Nobody mends one only to be told of the next."""
    one_of_each = {broken.file: broken for broken in BROKEN if broken.line}
    changed(folder, *one_of_each.values())
    found = faults_of(folder)
    assert sorted(short(found)) == sorted((one.file, one.key) for one in one_of_each.values())
    assert [(fault.file, fault.line) for fault in found] == sorted((fault.file, fault.line) for fault in found)


def test_the_us_aqi_needs_the_molar_mass_of_a_gas(folder: Path) -> None:
    """It takes gases in ppb; while nobody asks for it the mass may be missing."""
    changed(folder, Broken("parameters.yaml", "formula: O3, ", "", "", "", "", ""))
    load(folder, date(2026, 11, 24), DECODERS)
    changed(folder, Broken("province.yaml", "indices: [vn_aqi]", "indices: [vn_aqi, us_aqi]", "", "", "", ""))
    (fault,) = faults_of(folder)
    assert (fault.file, fault.key) == ("parameters.yaml", "parameters[o3]")
    assert "us_aqi takes `o3` in ppb" in str(fault.wrong)


def test_an_item_with_a_fault_hides_none_of_its_others(folder: Path) -> None:
    """Whatever of it can be read is compared with the rest."""
    path = folder / "stations.yaml"
    text = path.read_text("utf-8").replace("grade: indicative\n    parameters:\n      - {id: pm25}", (
        "grade: unsure\n    colour: red\n    facility: DN-70\n    silent_after: 0 min\n    parameters:\n"
        "      - {id: pm2.5}\n      - {id: cod}\n      - {id: pm25, unit: mg/L}"
    ), 1).replace("area: can-giuoc\n    latitude: 10.6065", "area: can-gioc\n    latitude: 12.5", 1)  # fmt: skip
    path.write_text(text, "utf-8")
    inside = [fault.key.removeprefix("stations[KK-CG-01].") for fault in faults_of(folder)]
    assert sorted(inside) == sorted([
        "grade", "colour", "facility", "silent_after", "parameters[pm2.5].id", "parameters[cod].id",
        "parameters[pm25].unit", "area", "latitude",
    ])  # fmt: skip


def test_a_province_box_written_the_wrong_way_round_is_one_fault(folder: Path) -> None:
    """No coordinate is judged against it."""
    changed(folder, Broken("province.yaml", "south: 10.3, north: 11.8", "south: 11.8, north: 10.3", "", "", "", ""))
    (fault,) = faults_of(folder)
    assert (fault.file, fault.key) == ("province.yaml", "box")
    assert "`south` is not below `north`" in str(fault.wrong)


def test_without_a_box_coordinates_still_lie_on_the_earth(folder: Path) -> None:
    """So that an exchanged pair comes with the first report."""
    changed(
        folder,
        Broken("province.yaml", "south: 10.3,", "", "", "", "", ""),
        Broken("stations.yaml", "latitude: 10.8225", "latitude: 106.465", "", "", "", ""),
    )
    assert short(faults_of(folder)) == [("province.yaml", "box"), ("stations.yaml", "stations[KK-DH1-01].latitude")]


@pytest.mark.parametrize(
    ("file", "text", "line", "wrong"),
    [
        ("areas.yaml", "", 1, "the file is empty"),
        ("areas.yaml", "# nothing yet\n", 1, "the file is empty"),
        ("areas.yaml", "areas:\n  - {id: x\n", 3, "not YAML"),
        ("areas.yaml", "areas:\n\t- {id: x}\n", 2, "a tab stands where spaces belong"),
        ("areas.yaml", "areas:\n  - id:\tx\n    names:\tx\n    kind: [\n", 5, "not YAML"),
        ("areas.yaml", "- {id: x}\n", 1, "a list stands at the top"),
        ("areas.yaml", "areas\n", 1, "text stands at the top"),
        ("areas.yaml", "area: []\n", 1, "unknown key"),
        ("areas.yaml", "areas: {id: x}\n", 1, "this is no list"),
        ("areas.yaml", "areas: []\n---\nareas: []\n", 2, "a second document"),
        ("areas.yaml", "areas:\n  - &a {id: x}\n  - *b\n", 3, "`*b` refers to nothing"),
        ("areas.yaml", "areas: !secret x\n", 1, "the tag !secret"),
        ("areas.yaml", "areas: []\nmore: \x00\n", 2, "no text file"),
        ("stations.yaml", "", 1, "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_no_reason_to_doubt_the_others(
    folder: Path, file: str, text: str, line: int, wrong: str
) -> None:
    """What refers to it is not called a reference to nothing."""
    (folder / file).write_text(text, "utf-8")
    found = faults_of(folder)
    assert {fault.file for fault in found} == {file}, found
    assert (found[0].line, wrong in str(found[0].wrong)) == (line, True), found
    assert len(found) <= 2


@pytest.mark.parametrize(
    "raw", ["areas: [] # Đức Hòa\n".encode("utf-16"), "areas: [] # Đức\n".encode("cp1258", "replace")]
)
def test_a_file_in_another_encoding_is_named(folder: Path, raw: bytes) -> None:
    """As old editors and spreadsheets save it."""
    (folder / "areas.yaml").write_bytes(raw)
    (fault,) = faults_of(folder)
    assert (fault.file, fault.line, str(fault.right)) == ("areas.yaml", 1, "save it as UTF-8")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("station.yaml", "stations.yaml"), ("Stations.yaml", "stations.yaml"), ("stations.yml", "stations.yaml"),
     ("stations.yaml.txt", "stations.yaml")],
)  # fmt: skip
def test_a_file_with_another_name_is_told_the_nearest_known(folder: Path, written: str, meant: str) -> None:
    """At the file that is there, and at the one that is missing."""
    (folder / meant).rename(folder / written)
    found = {fault.file: fault for fault in faults_of(folder)}
    assert set(found) == {written, meant}
    assert f"did you mean `{meant}`?" in str(found[written].right)
    assert str(found[meant].wrong) == "the file is missing"


def test_a_folder_with_another_name_is_one_fault(folder: Path) -> None:
    """Not one for each reference to a regulation."""
    (folder / "regulations").rename(folder / "Regulation")
    (fault,) = faults_of(folder)
    assert (fault.file, "`regulations`" in str(fault.right)) == ("Regulation", True)


def test_a_file_that_nothing_reads_is_said_to_be_one(folder: Path) -> None:
    """With the names that are; a folder with nearly the right name too."""
    (folder / "notes.yaml").write_text("x: 1\n")
    (folder / "regulation").mkdir()
    (folder / "regulations" / "own.yml").write_text("regulations: []\n")
    found = {fault.file: str(fault.right) for fault in faults_of(folder)}
    assert set(found) == {"notes.yaml", "regulation", "regulations/own.yml"}
    assert "stations.yaml" in found["notes.yaml"]
    assert "`regulations`" in found["regulation"]
    assert "`own.yaml`" in found["regulations/own.yml"]


SCALAR = """    decoder:
      name: scalar
      topics:
        - {topic: node/pm25, parameter: pm25}
        - {topic: node/pm25, parameter: pm10}
"""


def test_what_a_decoder_needs_is_asked_for(folder: Path) -> None:
    """With why, and each topic means one thing."""
    path = folder / "stations.yaml"
    text = path.read_text("utf-8")
    start = text.index("    decoder:\n")
    path.write_text(text[:start] + SCALAR + text[text.index("    origin:", start) :], "utf-8")
    found = {fault.key.removeprefix("stations[KK-CG-01]."): fault for fault in faults_of(folder)}
    assert set(found) == {"decoder", "decoder.topics[1].topic"}
    assert "no time of its own" in str(found["decoder"].right)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("plant/7/#", "plant/7/up", True),
        ("plant/7/up", "plant/7/#", True),
        ("plant/7/#", "plant/7/more/#", True),
        ("plant/7/#", "plant/7", True),
        ("plant/7/#", "plant/70/#", False),
        ("plant/7/#", "plant/8/up", False),
    ],
)
def test_a_topic_below_another_stations_is_shared(folder: Path, one: str, other: str, shared: bool) -> None:
    """A message has one station, whichever of the two stands first."""
    path = folder / "stations.yaml"
    text = path.read_text("utf-8")
    for topic in (one, other):
        text = text.replace("interval: 1 h\n    stamp", f"interval: 1 h\n    decoder: {{topic: {topic}}}\n    stamp", 1)
    assert text.count("decoder: {topic") == 2
    path.write_text(text, "utf-8")
    if shared:
        assert {fault.key.split("]")[1] for fault in faults_of(folder)} == {".decoder.topic"}
    else:
        load(folder, formats=DECODERS)


def test_two_stations_do_not_share_files(folder: Path) -> None:
    """Nobody could say whose a file is."""
    path = folder / "stations.yaml"
    own = "interval: 1 h\n    decoder: {files: [LA_NM1]}\n"
    path.write_text(path.read_text("utf-8").replace("interval: 1 h\n", own, 3), "utf-8")
    found = faults_of(folder)
    assert [fault.key.split("]")[1] for fault in found] == [".decoder.files"] * 2


@pytest.mark.parametrize("topic", ["own/1", "quantrac/KK-LA-01/air"])
def test_two_stations_do_not_share_a_topic(folder: Path, topic: str) -> None:
    """Both with it as their own, or one with the other's."""
    path = folder / "stations.yaml"
    own = f"interval: 1 h\n    decoder: {{topic: {topic}}}\n"
    path.write_text(path.read_text("utf-8").replace("interval: 1 h\n", own, 3), "utf-8")
    found = faults_of(folder)
    assert {fault.key.split("]")[1] for fault in found} == {".decoder.topic"}
    assert len(found) == (2 if topic == "own/1" else 3)


_JUNK: list[Any] = [
    None,
    True,
    "",
    0,
    -1,
    3.5,
    1e308,
    10**30,
    "x",
    "yes",
    [],
    {},
    ["a"],
    {"a": 1},
    [[]],
    [None],
    "5 min",
]


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside `value`."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key)
        yield from spots(one, (*path, key))


def spoil(content: Any, chance: random.Random) -> None:
    """Take something out of `content`, or put something else in its place."""
    places = list(spots(content))
    if not places:
        return  # nothing is left of a short file
    *above, last = chance.choice(places)
    for key in above:
        content = content[key]
    if chance.random() < 0.3:
        del content[last]
    else:
        content[last] = chance.choice(_JUNK)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_stands_in_the_files_is_a_fault_or_is_none(folder: Path, seed: int) -> None:
    """Nothing that somebody writes ends in anything but a list of faults, each with what would be right."""
    chance = random.Random(seed)
    for path in chance.sample(sorted(folder.rglob("*.yaml")), 3):
        content = yaml.safe_load(path.read_text("utf-8"))
        for _ in range(chance.randint(1, 3)):
            spoil(content, chance)
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    try:
        load(folder, formats=DECODERS)
    except ConfigurationError as error:
        assert all(str(fault.wrong) and str(fault.right) and fault.line for fault in error.faults)


@pytest.mark.parametrize("broken", [one for one in BROKEN if not one.line], ids=lambda one: one.key)
def test_what_contradicts_another_is_named_where_the_later_one_stands(folder: Path, broken: Broken) -> None:
    """Also where the change was made in another file, or the line is like others."""
    broken.apply(folder)
    (fault,) = faults_of(folder)
    assert (fault.key, broken.wrong in str(fault.wrong), broken.right in str(fault.right)) == (broken.key, True, True)
