-- What parked runs wait with, and by which run a person lets it go; 0: none.

-- +goose Up
CREATE TABLE parked (
    run_id        INTEGER PRIMARY KEY,
    touchpoint_id INTEGER NOT NULL,
    approved_run  INTEGER NOT NULL DEFAULT 0,
    row_seq       INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
);
CREATE INDEX parked_approved ON parked (touchpoint_id, approved_run);
