// Package state owns what an agent remembers: touchpoints, runs, checkpoints,
// the ledger, dead letters, the agent's own facts, and the queue of work.
//
// A [Store] is one directory with one SQLite file, locked by one process and
// bound to one repository id and environment. [Open] is the entry point.
//
// Three handles reach the file: one writer, behind a mutex, for every
// transaction of this package; one for River, the queue; and read-only ones for
// look-ups and lists. A transaction of this package is short: what a batch
// leaves behind (checkpoint, ledger, dead letters, counts, the end of a slice)
// is one [Store.Commit].
//
// Every value that can say something about the business is sealed before it
// reaches the file: keys, cursors, destination ids, records, error texts, names.
// Clear are counts, times, states, error codes, field paths, ids and keyed
// hashes. The queue carries ids only. A head for each touchpoint moves with each
// transaction; a file that was put back to an older one, or rows that were put
// back one by one, are refused with [StateRolledBack].
//
// The package never reads configuration, never talks to an application and
// never decides what a record means: callers hand it hashes, bytes and outcomes.
package state
