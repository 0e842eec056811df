-- Pseudonymised records that revisions are tried on. Each has a slot, which a later one takes over.

-- +goose Up
CREATE TABLE samples (
    touchpoint_id INTEGER NOT NULL,
    slot          INTEGER NOT NULL,
    row_seq       INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (touchpoint_id, slot)
);
