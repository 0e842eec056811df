package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"strings"

	"modernc.org/sqlite"
)

// busyTimeout is how long SQLite waits for somebody else's write, in milliseconds.
const busyTimeout = "busy_timeout(5000)"

// openReading returns a handle that can only read. Its connections open the file when they are first used.
func openReading(file string) *sql.DB {
	db := sql.OpenDB(&connector{
		dsn:   dsn(file, "ro", busyTimeout, "query_only(1)"),
		allow: allowReading,
	})
	db.SetMaxOpenConns(8)
	return db
}

// openWriting returns the handle for writes: one connection, as SQLite has one writer.
func openWriting(file string) *sql.DB {
	db := sql.OpenDB(&connector{
		dsn:   dsn(file, "rw", busyTimeout, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)"),
		allow: allowWriting,
	})
	db.SetMaxOpenConns(1)
	return db
}

func dsn(file, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_pragma": pragmas, "_dqs": {"0"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: q.Encode()}).String()
}

// connector opens connections that ask allow before SQLite compiles anything.
type connector struct {
	dsn   string
	allow sqlite.AuthorizerFn
}

// Connect implements [driver.Connector].
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, err
	}
	guarded, ok := conn.(interface {
		RegisterAuthorizer(fn sqlite.AuthorizerFn) error
	})
	if !ok {
		panic("sqlite: internal error: the driver has no authorizer")
	}
	if err := guarded.RegisterAuthorizer(c.allow); err != nil {
		_ = conn.Close() // the first error says more
		return nil, err
	}
	return conn, nil
}

// Driver implements [driver.Connector].
func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }

// allowReading lets SELECT through, and the pragmas that describe tables.
func allowReading(action sqlite.AuthorizerActionCode, arg1, arg2, _, _ string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRead, sqlite.AuthRecursive, sqlite.AuthTransaction:
		return sqlite.AuthorizerOK
	case sqlite.AuthFunction:
		return unless(strings.EqualFold(arg2, "load_extension"))
	case sqlite.AuthPragma:
		return unless(arg1 != "table_xinfo" && arg1 != "index_list" && arg1 != "index_xinfo")
	default:
		return sqlite.AuthorizerDeny
	}
}

// allowWriting lets rows be changed and the checkpoint table be made; it keeps other files out.
func allowWriting(action sqlite.AuthorizerActionCode, arg1, arg2, _, _ string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthAttach, sqlite.AuthDetach, sqlite.AuthCreateVTable, sqlite.AuthDropTable, sqlite.AuthAlterTable:
		return sqlite.AuthorizerDeny
	case sqlite.AuthFunction:
		return unless(strings.EqualFold(arg2, "load_extension"))
	case sqlite.AuthPragma:
		return unless(arg1 != "table_xinfo" && arg1 != "index_list" && arg1 != "index_xinfo")
	default:
		return sqlite.AuthorizerOK
	}
}

func unless(denied bool) sqlite.AuthorizerReturnCode {
	if denied {
		return sqlite.AuthorizerDeny
	}
	return sqlite.AuthorizerOK
}

// quote writes a name for SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
