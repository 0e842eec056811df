-- What full reads have seen, so that what is gone can be told: one row for each batch. row_seq is the head's number at that commit.

-- +goose Up
CREATE TABLE seen (
    touchpoint_id INTEGER NOT NULL,
    run_id        INTEGER NOT NULL,
    row_seq       INTEGER NOT NULL,
    keys          INTEGER NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (touchpoint_id, run_id, row_seq)
);
