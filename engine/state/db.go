package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// applicationID stands in the header of every file of ours: "Dray" in ASCII.
const applicationID = 0x44726179

// handles are the three ways to one file. One shared handle would let look-ups
// and jobs wait for each other.
type handles struct {
	writer  *sql.DB // one connection
	river   *sql.DB // one connection
	readers *sql.DB
}

// maxReaders is how many look-ups and lists run at the same time.
const maxReaders = 4

// openHandles opens the file three times; nothing is read yet.
func openHandles(dir string) (*handles, error) {
	path := filepath.Join(dir, databaseName)
	common := "_txlock=immediate&_pragma=busy_timeout(15000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	writer, err := openHandle(path, common+"&_pragma=journal_size_limit(67108864)&_pragma=cache_size(-16384)", 1)
	if err != nil {
		return nil, err
	}
	river, err := openHandle(path, common, 1)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	readers, err := openHandle(path, "_pragma=busy_timeout(15000)&_pragma=query_only(1)&_pragma=cache_size(-8192)", maxReaders)
	if err != nil {
		return nil, errors.Join(err, writer.Close(), river.Close())
	}
	return &handles{writer: writer, river: river, readers: readers}, nil
}

func openHandle(path, query string, connections int) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("opening the state file: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// close closes all handles; the writer last, so that it empties the WAL.
func (h *handles) close() error {
	return errors.Join(h.readers.Close(), h.river.Close(), h.writer.Close())
}

// migrate brings the file to this program's schema, and refuses a newer one.
func migrate(ctx context.Context, dir string, h *handles) error {
	if err := checkHeader(ctx, dir, h.writer); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("reading the embedded migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, h.writer, files)
	if err != nil {
		return fmt.Errorf("preparing the migrations: %w", dbError(dir, err))
	}
	have, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", dbError(dir, err))
	}
	if have > known {
		return &Error{
			Reason: NewerSchema, Text: fmt.Sprintf("state directory %q has schema version %d and this program knows %d", dir, have, known),
			Hint: "use the version of Dray that wrote it, or a newer one",
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the state: %w", dbError(dir, err))
	}
	if _, err := h.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return dbError(dir, err)
	}
	river, err := rivermigrate.New(riversqlite.New(h.river), &rivermigrate.Config{Logger: discardLogger()})
	if err != nil {
		return fmt.Errorf("preparing the queue's migrations: %w", dbError(dir, err))
	}
	if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrating the queue: %w", dbError(dir, err))
	}
	return nil
}

// checkHeader refuses a file that is not a state file. A file without tables is a new one.
func checkHeader(ctx context.Context, dir string, db *sql.DB) error {
	var id, tables int64
	if err := db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)").Scan(&id, &tables); err != nil {
		return dbError(dir, err)
	}
	if id != applicationID && tables > 0 && id != 0 {
		return damaged(dir, "the file belongs to another program")
	}
	return nil
}

func damaged(dir, text string) error {
	return &Error{
		Reason: Damaged, Text: fmt.Sprintf("state directory %q: %s", dir, text),
		Hint: "restore it from a backup, or name a new directory",
	}
}

// dbError turns an error of the database into one of ours. The database's own
// text is left out: it adds nothing that an operator can use.
func dbError(dir string, err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch code := e.Code(); code & 0xff {
	case sqlitelib.SQLITE_FULL:
		return noSpace(dir)
	case sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_PERM, sqlitelib.SQLITE_CANTOPEN:
		if diskFull(dir) {
			return noSpace(dir)
		}
		return &Error{
			Reason: ReadOnly, Text: fmt.Sprintf("the file in state directory %q cannot be opened for writing", dir),
			Hint: "give the agent's user write access to the directory and all files in it",
		}
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
		return damaged(dir, "the file is damaged")
	case sqlitelib.SQLITE_CONSTRAINT:
		return &Error{Reason: Invalid, Text: fmt.Sprintf("the state refused a row (SQLite code %d)", code), Hint: "report this as a bug"}
	case sqlitelib.SQLITE_IOERR:
		if diskFull(dir) {
			return noSpace(dir)
		}
		fallthrough
	default:
		return &Error{
			Reason: Unavailable, Text: fmt.Sprintf("reading or writing state directory %q failed (SQLite code %d)", dir, code),
			Hint: "check its disk; what was committed is not lost",
		}
	}
}

// isUnique reports whether err is the refusal of a row that exists.
func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
