package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	serverVariable  = "DRAY_TEST_POSTGRES"
	requireVariable = "DRAY_TEST_REQUIRE"
)

// errNotInstalled says that there is no PostgreSQL to start.
var errNotInstalled = errors.New("needs PostgreSQL (install it or set " + serverVariable + ")")

// server is the process's one cluster: starting it takes seconds, so that tests share it. It lives as long as the process.
var server = sync.OnceValues(startServer)

// databases counts the databases made, so that each has its own name.
var databases atomic.Int64

// Start returns the URL of a fresh, empty database, which is dropped when the test ends. Without PostgreSQL it skips the test in one line,
// or fails it where DRAY_TEST_REQUIRE=1 says so. Safe for concurrent use.
func Start(t testing.TB) (dsn string) {
	t.Helper()
	running, err := server()
	switch {
	case errors.Is(err, errNotInstalled) && os.Getenv(requireVariable) != "1":
		t.Skipf("skipped: %v", err)
	case err != nil:
		t.Fatalf("starting PostgreSQL: %v", err)
	}
	base := running.url
	name := fmt.Sprintf("dray_test_%d_%d", os.Getpid(), databases.Add(1))
	if err := execute(base, "create database "+name); err != nil {
		t.Fatalf("creating a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(base, "drop database if exists "+name+" with (force)"); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("reading the server's URL: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// Server returns the URL of the postgres database of the process's one server, which ends with the process. For programs that are
// no tests.
func Server() (string, error) {
	running, err := server()
	return running.url, err
}

// A cluster is a running server.
type cluster struct {
	url string
	// alive is what the server's keeper waits for to close. It is held here so that the collector does not close it.
	alive io.Closer
}

func startServer() (cluster, error) {
	if u := os.Getenv(serverVariable); u != "" {
		if !strings.Contains(u, "://") {
			return cluster{}, fmt.Errorf("%s must be a URL: postgres://user@host:5432/postgres", serverVariable)
		}
		return cluster{url: u}, nil
	}
	return startCluster()
}

func execute(dsn, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}
