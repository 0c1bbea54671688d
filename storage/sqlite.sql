-- schema_series
-- A series' number, so that its name is not repeated with every reading.
CREATE TABLE IF NOT EXISTS series (
    id        INTEGER PRIMARY KEY,
    station   TEXT NOT NULL,
    parameter TEXT NOT NULL,
    UNIQUE (station, parameter)
);

-- schema_readings
-- Readings by series and time; `value` is NULL where missing.
CREATE TABLE IF NOT EXISTS readings (
    series  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    value   REAL,
    status  INTEGER NOT NULL,
    flag    INTEGER NOT NULL,
    reasons INTEGER NOT NULL,
    checks  INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (series, at)
) WITHOUT ROWID;

-- schema_rollups
-- Windows by kind, series and mark; without a value where `valid` is 0.
CREATE TABLE IF NOT EXISTS rollups (
    kind TEXT NOT NULL, series INTEGER NOT NULL, at INTEGER NOT NULL,
    value REAL, minimum REAL, maximum REAL,
    valid INTEGER NOT NULL, expected INTEGER NOT NULL, suspect INTEGER NOT NULL,
    calibrating INTEGER NOT NULL, fault INTEGER NOT NULL,
    limit_low REAL, limit_high REAL, limit_kind INTEGER NOT NULL,
    state INTEGER NOT NULL, revision INTEGER NOT NULL, configuration INTEGER NOT NULL,
    PRIMARY KEY (kind, series, at)
) WITHOUT ROWID;

-- schema_indices
-- Index values of a station.
CREATE TABLE IF NOT EXISTS indices (
    name TEXT NOT NULL, kind TEXT NOT NULL, station TEXT NOT NULL, at INTEGER NOT NULL,
    value INTEGER, level INTEGER, dominant TEXT, concentration REAL,
    missing TEXT NOT NULL DEFAULT '', version TEXT NOT NULL DEFAULT '', configuration INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, kind, station, at)
) WITHOUT ROWID;

-- columns_of_indices
-- What the table has: that of an older service lacks some.
SELECT name FROM pragma_table_info('indices');

-- add_missing
-- Parameters without a valid input, separated by spaces.
ALTER TABLE indices ADD COLUMN missing TEXT NOT NULL DEFAULT '';

-- add_version
-- Which text the index is by, and which reading of it.
ALTER TABLE indices ADD COLUMN version TEXT NOT NULL DEFAULT '';

-- add_configuration
-- The hash of the configuration that made it.
ALTER TABLE indices ADD COLUMN configuration INTEGER NOT NULL DEFAULT 0;

-- schema_health
-- What the service says of itself.
CREATE TABLE IF NOT EXISTS health (
    measurement TEXT NOT NULL, tags TEXT NOT NULL, at INTEGER NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (measurement, tags, at)
) WITHOUT ROWID;

-- add_series
-- Give a series a number, if it has none.
INSERT INTO series (station, parameter) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- all_series
-- The numbers of all series.
SELECT station, parameter, id FROM series;

-- write
-- Keep a reading; one with the same identity is replaced.
INSERT INTO readings (series, at, value, status, flag, reasons, checks, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (series, at) DO UPDATE SET
    value = excluded.value, status = excluded.status, flag = excluded.flag,
    reasons = excluded.reasons, checks = excluded.checks, seq = excluded.seq;

-- write_flags
-- Judge a reading again; what was measured stays.
UPDATE readings SET flag = ?, reasons = ?, checks = ? WHERE series = ? AND at = ?;

-- read
-- A series' readings, after one moment up to and including another.
SELECT at, value, status, flag, reasons, checks, seq FROM readings WHERE series = ? AND at > ? AND at <= ? ORDER BY at;

-- read_columns
-- The same in as few numbers as can be, all of which are exact as floats; what is missing is infinite, as no reading is.
SELECT at, ifnull(value, 9e999), reasons * 64 + status * 16 + flag, checks
  FROM readings WHERE series = ? AND at > ? AND at <= ? ORDER BY at;

-- latest
-- A series' newest reading.
SELECT at, value, status, flag, reasons, checks, seq FROM readings WHERE series = ? ORDER BY at DESC LIMIT 1;

-- reach
-- The first and the last moment of a series; one look into the index each.
SELECT (SELECT min(at) FROM readings WHERE series = ?1), (SELECT max(at) FROM readings WHERE series = ?1);

-- count
-- How many readings there are.
SELECT count(*) FROM readings;

-- write_rollup
-- Keep a window, every column of it.
INSERT OR REPLACE INTO rollups (kind, series, at, value, minimum, maximum, valid, expected, suspect, calibrating, fault,
    limit_low, limit_high, limit_kind, state, revision, configuration)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- read_rollups
-- A series' windows of one kind.
SELECT at, value, minimum, maximum, valid, expected, suspect, calibrating, fault, limit_low, limit_high, limit_kind,
       state, revision, configuration
  FROM rollups WHERE kind = ? AND series = ? AND at > ? AND at <= ? ORDER BY at;

-- read_means
-- A series' windows of one kind, no more of them than indices need.
SELECT at, value, valid, expected FROM rollups WHERE kind = ? AND series = ? AND at > ? AND at <= ? ORDER BY at;

-- read_outside
-- Those of a series' windows of one kind that are outside given bounds, else outside the limit that each carries.
SELECT at, value, minimum, maximum, valid, expected, suspect, calibrating, fault, limit_low, limit_high, limit_kind,
       state, revision, configuration
  FROM rollups WHERE kind = ? AND series = ? AND at > ? AND at <= ? AND valid > 0
   AND CASE WHEN ? THEN value < ? OR value > ?
            ELSE (limit_kind & 1 AND value < limit_low) OR (limit_kind & 2 AND value > limit_high) END
 ORDER BY at;

-- write_index
-- Keep an index value.
INSERT OR REPLACE INTO indices (name, kind, station, at, value, level, dominant, concentration, missing, version,
    configuration)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- read_indices
-- A station's values of one index.
SELECT at, value, level, dominant, concentration, missing, version, configuration FROM indices
 WHERE name = ? AND kind = ? AND station = ? AND at > ? AND at <= ? ORDER BY at;

-- write_health
-- Keep one measurement of the service itself.
INSERT OR REPLACE INTO health (measurement, tags, at, fields) VALUES (?, ?, ?, ?);
