package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
)

// A checkpoint beside the rows needs a table, and whoever may not make one must hear so.
func TestCheckpointTableNeedsTheRightToCreate(t *testing.T) {
	_, conn, _ := database(t, `create table t (id int primary key); revoke create on schema public from public;
		do $$ declare w text := current_database() || '_writer'; begin
			execute format('create role %I nologin', w);
			execute format('grant all on t to %I', w);
			execute format('alter database %I set role = %L', current_database(), w);
		end $$`, nil)
	_, err := conn.(adapters.Transactional).Begin(t.Context(), adapters.WriteRequest{Object: "t", Mode: adapters.WriteCreate, Shape: shapeOf("id")}, adapters.Scope{ID: "s", Epoch: 1})
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.Invalid || !strings.Contains(e.Rule, "may not create the table") {
		t.Errorf("got %v", err)
	}
}
