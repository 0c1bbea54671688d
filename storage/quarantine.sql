-- schema
-- What could not be understood: it refers to the journal, which keeps the message itself.
CREATE TABLE IF NOT EXISTS refused (
    seq         INTEGER NOT NULL,
    part        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    station     TEXT,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (seq, part)
) WITHOUT ROWID;

-- add
-- Note a refusal; a batch that is done again adds nothing.
INSERT INTO refused (seq, part, reason, message, topic, station, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (seq, part) DO NOTHING;

-- list
-- The newest refusals, of one reason or station where asked.
SELECT seq, part, reason, message, topic, station, received_at FROM refused
 WHERE (:reason IS NULL OR reason = :reason) AND (:station IS NULL OR station = :station)
 ORDER BY seq DESC, part LIMIT :limit;

-- get
-- One refusal by its key.
SELECT seq, part, reason, message, topic, station, received_at FROM refused WHERE seq = ? AND part = ?;

-- counts
-- How many there are of each reason.
SELECT reason, count(*) FROM refused GROUP BY reason;
