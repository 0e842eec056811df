-- Times are microseconds since 1970 in UTC; 0 means never. Every column named
-- sealed holds one sealed body, whose copies of clear columns are the truth.
-- touchpoint_id 0 is the agent itself.

-- +goose Up
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TABLE data_keys (
    id         BLOB    PRIMARY KEY,
    scope      TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    kid        TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    wrapped    BLOB    NOT NULL,
    UNIQUE (scope, epoch)
);

CREATE TABLE touchpoints (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uid        BLOB    NOT NULL UNIQUE,
    index_kid  TEXT    NOT NULL,
    row_seq    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sealed     BLOB    NOT NULL
);

CREATE TABLE heads (
    touchpoint_id INTEGER PRIMARY KEY,
    seq           INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
);

CREATE TABLE facts (
    name    TEXT    PRIMARY KEY,
    row_seq INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    sealed  BLOB    NOT NULL
);

CREATE TABLE runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    touchpoint_id INTEGER NOT NULL,
    generation    INTEGER NOT NULL,
    trigger_kind  TEXT    NOT NULL,
    revision      TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    code          TEXT    NOT NULL DEFAULT '',
    queued        INTEGER NOT NULL,
    epoch         INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER NOT NULL DEFAULT 0,
    ended_at      INTEGER NOT NULL DEFAULT 0,
    n_read        INTEGER NOT NULL DEFAULT 0,
    n_filtered    INTEGER NOT NULL DEFAULT 0,
    n_created     INTEGER NOT NULL DEFAULT 0,
    n_updated     INTEGER NOT NULL DEFAULT 0,
    n_unchanged   INTEGER NOT NULL DEFAULT 0,
    n_deleted     INTEGER NOT NULL DEFAULT 0,
    n_skipped     INTEGER NOT NULL DEFAULT 0,
    n_rejected    INTEGER NOT NULL DEFAULT 0,
    n_parked      INTEGER NOT NULL DEFAULT 0,
    n_duplicates  INTEGER NOT NULL DEFAULT 0,
    row_seq       INTEGER NOT NULL DEFAULT 0,
    sealed        BLOB
);
CREATE INDEX runs_by_touchpoint ON runs (touchpoint_id, id);
CREATE INDEX runs_active ON runs (touchpoint_id, id) WHERE status IN ('queued', 'running');
CREATE UNIQUE INDEX runs_due ON runs (touchpoint_id, due_at) WHERE due_at <> 0;

CREATE TABLE checkpoints (
    touchpoint_id INTEGER NOT NULL,
    route         TEXT    NOT NULL,
    generation    INTEGER NOT NULL,
    part          INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    done          INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (touchpoint_id, route, generation, part)
);

-- One row for each committed batch; seq is the head's number at that commit.
CREATE TABLE ledger_log (
    touchpoint_id INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    run_id        INTEGER NOT NULL,
    entries       INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (touchpoint_id, seq)
);

-- What the log was folded into; row_seq is the seq of the log row it came from.
CREATE TABLE ledger (
    touchpoint_id INTEGER NOT NULL,
    key_hash      BLOB    NOT NULL,
    row_seq       INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (touchpoint_id, key_hash)
) WITHOUT ROWID;
CREATE INDEX ledger_intended ON ledger (touchpoint_id, key_hash) WHERE state = 1;

-- Destination keys and traced values, by keyed hash. A row may outlive what it
-- says: whoever searches compares with the entry.
CREATE TABLE ledger_hashes (
    touchpoint_id INTEGER NOT NULL,
    hash          BLOB    NOT NULL,
    key_hash      BLOB    NOT NULL,
    PRIMARY KEY (touchpoint_id, hash, key_hash)
) WITHOUT ROWID;

CREATE TABLE dead_letters (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL UNIQUE,
    touchpoint_id INTEGER NOT NULL,
    key_hash      BLOB    NOT NULL,
    run_id        INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    field         TEXT    NOT NULL,
    rule          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    cause         BLOB    NOT NULL,
    revision      TEXT    NOT NULL,
    parked        INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    first_at      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    closed_at     INTEGER NOT NULL DEFAULT 0,
    row_seq       INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
);
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (touchpoint_id, key_hash) WHERE state = 'open';
CREATE INDEX dead_letters_by_touchpoint ON dead_letters (touchpoint_id, state, seq);
CREATE INDEX dead_letters_by_key ON dead_letters (touchpoint_id, key_hash);
CREATE INDEX dead_letters_by_run ON dead_letters (run_id);
CREATE INDEX dead_letters_closed ON dead_letters (closed_at) WHERE state <> 'open';

CREATE TABLE dead_letter_hashes (
    touchpoint_id  INTEGER NOT NULL,
    hash           BLOB    NOT NULL,
    dead_letter_id TEXT    NOT NULL,
    PRIMARY KEY (touchpoint_id, hash, dead_letter_id)
) WITHOUT ROWID;
