-- How far touchpoints have come at destinations that keep a checkpoint of their own, and what is prepared for the transaction under way there: seq is
-- its number, and row_seq the head's number when the row was written. Without sealed nothing is prepared.

-- +goose Up
CREATE TABLE deliveries (
    touchpoint_id INTEGER NOT NULL PRIMARY KEY,
    seq           INTEGER NOT NULL,
    row_seq       INTEGER NOT NULL,
    sealed        BLOB
);
