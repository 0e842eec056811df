// Package sqlite is the application "sqlite": tables, views and queries of one SQLite database file.
//
// Values are exact. An INTEGER is a whole number and TEXT is text. A REAL is binary in the file: it is read as the shortest decimal
// that stands for it, so that 0.1 is 0.1. SQLite turns what is written to a numeric column into binary too. Where that would change a
// number, as with 1234567890123456.78 or 99999999999999999999, the record is rejected: such a column must be TEXT, which
// keeps every digit. Dates are text, as SQLite has no type for them; they are written in ISO 8601. A list or an object is written as JSON.
//
// The file is opened only where the operator allowed it and is never created. Reads happen in read-only transactions that see one
// snapshot. ATTACH, extensions and everything but SELECT are refused there by SQLite's authorizer. Writes use the write-ahead log
// with synchronous FULL: when a write returns, it is on disk.
package sqlite
