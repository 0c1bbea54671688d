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
    state       TEXT    NOT NULL DEFAULT 'open',  -- open, replayed, discarded, expired
    settled_at  INTEGER,
    settled_by  TEXT,
    because     TEXT,
    request     INTEGER,                          -- the number of the request that settled it
    PRIMARY KEY (seq, part)
) WITHOUT ROWID;

-- columns
-- Those that the table has; a file of an earlier version lacks the later ones.
SELECT name FROM pragma_table_info('refused');

-- add
-- Note a refusal; a batch that is done again adds nothing.
INSERT INTO refused (seq, part, reason, message, topic, station, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (seq, part) DO NOTHING;

-- replace
-- Note what is wrong now, in place of what was wrong before.
INSERT INTO refused (seq, part, reason, message, topic, station, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (seq, part) DO UPDATE SET
    reason = excluded.reason, message = excluded.message, topic = excluded.topic, station = excluded.station,
    state = 'open', settled_at = NULL, settled_by = NULL, because = NULL, request = NULL;

-- settle
-- Say how a refusal came to its end; it stays on record.
UPDATE refused SET state = ?, settled_at = ?, settled_by = ?, because = ?, request = ? WHERE seq = ? AND part = ?;

-- list
-- The newest refusals that are wanted.
SELECT seq, part, reason, message, topic, station, received_at, state, settled_at, settled_by, because, request
  FROM refused
 WHERE seq >= :since AND seq < :until AND (:state IS NULL OR state = :state)
   AND (:reasons IS NULL OR reason IN (SELECT value FROM json_each(:reasons)))
   AND (:station IS NULL OR station = :station) AND (:topic IS NULL OR topic = :topic)
 ORDER BY seq DESC, part LIMIT :limit;

-- causes
-- The same by what has to be put right, the most frequent first, each with the sentence of its newest.
SELECT found.reason, found.station, found.whence, found.part, found.messages, found.first, found.last, newest.message
  FROM (SELECT reason, station, CASE WHEN station IS NULL THEN topic END AS whence, part,
               CASE WHEN reason IN (SELECT value FROM json_each(:apart)) THEN message END AS said,
               count(DISTINCT seq) AS messages, min(received_at) AS first, max(received_at) AS last, max(seq) AS newest
          FROM refused
         WHERE seq >= :since AND seq < :until AND (:state IS NULL OR state = :state)
           AND (:reasons IS NULL OR reason IN (SELECT value FROM json_each(:reasons)))
           AND (:station IS NULL OR station = :station) AND (:topic IS NULL OR topic = :topic)
           AND (:seqs IS NULL OR seq IN (SELECT value FROM json_each(:seqs)))
         GROUP BY reason, station, whence, part, said) AS found
  JOIN refused AS newest ON newest.seq = found.newest AND newest.part = found.part
 ORDER BY found.messages DESC, found.newest DESC LIMIT :limit;

-- of
-- Everything on record of some messages.
SELECT seq, part, reason, message, topic, station, received_at, state, settled_at, settled_by, because, request
  FROM refused WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq, part;

-- named
-- The same as numbers and parts alone, each message once where all of it is meant.
SELECT DISTINCT seq, CASE WHEN :whole THEN '' ELSE part END FROM refused
 WHERE seq >= :since AND seq < :until AND (:state IS NULL OR state = :state)
   AND (:reasons IS NULL OR reason IN (SELECT value FROM json_each(:reasons)))
   AND (:station IS NULL OR station = :station) AND (:topic IS NULL OR topic = :topic);

-- messages
-- How many messages they are of.
SELECT count(DISTINCT seq) FROM refused
 WHERE seq >= :since AND seq < :until AND (:state IS NULL OR state = :state)
   AND (:reasons IS NULL OR reason IN (SELECT value FROM json_each(:reasons)))
   AND (:station IS NULL OR station = :station) AND (:topic IS NULL OR topic = :topic);

-- counts
-- How many open ones there are of each reason.
SELECT reason, count(*) FROM refused WHERE state = 'open' GROUP BY reason;

-- expire
-- What nobody resolved before its day of the journal went.
UPDATE refused SET state = 'expired' WHERE seq >= :since AND seq < :until AND state = 'open';

-- expired
-- How many messages went so.
SELECT count(DISTINCT seq) FROM refused WHERE seq >= :since AND seq < :until AND state = 'expired';
