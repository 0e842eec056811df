package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters/pgtest"
)

func TestStartGivesEachTestItsOwnDatabase(t *testing.T) {
	ctx := t.Context()
	first, second := pgtest.Start(t), pgtest.Start(t)
	if first == second {
		t.Fatalf("two calls returned one database")
	}
	for _, dsn := range []string{first, second} {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(ctx, "create table only_here (id int)"); err != nil {
			t.Errorf("creating the same table in each: %v", err)
		}
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

func TestStartDropsTheDatabase(t *testing.T) {
	var dsn string
	t.Run("uses one", func(t *testing.T) { dsn = pgtest.Start(t) })
	if dsn == "" {
		t.Skip("skipped: needs PostgreSQL")
	}
	if conn, err := pgx.Connect(context.Background(), dsn); err == nil {
		_ = conn.Close(context.Background())
		t.Error("the database is still there after the test")
	}
}
