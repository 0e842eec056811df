-- What runs beside the normal flow were asked for, and who did what by hand.

-- +goose Up
ALTER TABLE runs ADD COLUMN beside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN closed_run INTEGER NOT NULL DEFAULT 0;

CREATE TABLE run_requests (
    run_id        INTEGER PRIMARY KEY,
    touchpoint_id INTEGER NOT NULL,
    row_seq       INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
);

-- Rows are only ever added; the agent's head holds the number and the hash of the last one.
CREATE TABLE audit (
    n             INTEGER PRIMARY KEY,
    touchpoint_id INTEGER NOT NULL,
    action        TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    detail        BLOB
);
CREATE INDEX audit_by_touchpoint ON audit (touchpoint_id, n);
