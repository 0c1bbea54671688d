-- schema
-- One day's messages. `position` counts from 1, so that the newest row tells how many there are.
CREATE TABLE IF NOT EXISTS messages (
    seq         INTEGER PRIMARY KEY,
    position    INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    topic       TEXT    NOT NULL,
    payload     BLOB    NOT NULL,
    qos         INTEGER NOT NULL,
    retained    INTEGER NOT NULL,
    redelivered INTEGER NOT NULL,
    live        INTEGER NOT NULL,
    chain       BLOB    NOT NULL
);

-- append
-- Add one message; the journal is only ever appended to.
INSERT INTO messages (position, seq, received_at, topic, payload, qos, retained, redelivered, live, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- newest
-- The last message of the day: where the numbers and the chain go on from.
SELECT seq, position, chain FROM messages ORDER BY seq DESC LIMIT 1;

-- up_to
-- How many messages of the day have a number up to one.
SELECT position FROM messages WHERE seq <= ? ORDER BY seq DESC LIMIT 1;

-- after
-- The messages that follow one, in their order.
SELECT seq, received_at, topic, payload, qos, retained, redelivered, live
  FROM messages WHERE seq > ? ORDER BY seq LIMIT ?;

-- one
-- A single message by its number.
SELECT seq, received_at, topic, payload, qos, retained, redelivered, live FROM messages WHERE seq = ?;

-- chained
-- Every message of the day with what proves it.
SELECT position, chain, seq, received_at, topic, payload, qos, retained, redelivered, live FROM messages ORDER BY seq;

-- table
-- Whether the table has been made.
SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'messages';

-- place
-- The position of a message in its day.
SELECT position FROM messages WHERE seq = ?;
