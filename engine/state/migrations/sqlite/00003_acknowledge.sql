-- Records that were delivered and whose write-back failed.

-- +goose Up
ALTER TABLE runs ADD COLUMN n_unacknowledged INTEGER NOT NULL DEFAULT 0;
