package state

import (
	"errors"
	"fmt"
	"testing"
)

func audited(t *testing.T, s *Store, tp Touchpoint, n int) {
	t.Helper()
	for i := range n {
		check(t, s.Audit(t.Context(), AuditEntry{TouchpointID: tp.ID, Action: "reveal", Actor: "kim", Object: fmt.Sprint("letter ", i), Revision: "r1", Detail: []byte("because")}))
	}
}

func TestAuditIsAChain(t *testing.T) {
	s := open(t)
	tp := must(s.EnsureTouchpoint(t.Context(), "orders"))(t)
	audited(t, s, tp, 5)
	list, next, err := s.AuditEntries(t.Context(), AuditFilter{Limit: 3})
	check(t, err)
	if len(list) != 3 || next != 3 || list[0].N != 5 || list[0].Actor != "kim" || list[0].Object != "letter 4" || string(list[0].Detail) != "because" {
		t.Errorf("audit: %+v, next %d", list, next)
	}
	if n := must(s.VerifyAudit(t.Context()))(t); n != 5 {
		t.Errorf("%d entries verified", n)
	}
	check(t, s.PruneTouchpoint(t.Context(), tp.ID))
	list, _, err = s.AuditEntries(t.Context(), AuditFilter{})
	check(t, err)
	if len(list) != 5 || list[0].Detail != nil {
		t.Errorf("after its touchpoint was pruned: %+v", list)
	}
	if n := must(s.VerifyAudit(t.Context()))(t); n != 5 {
		t.Errorf("%d entries verified after a prune", n)
	}
}

func TestAuditShowsWhatWasDoneToIt(t *testing.T) {
	for name, c := range map[string]string{
		"removed":    "DELETE FROM audit WHERE n = 2",
		"cut off":    "DELETE FROM audit WHERE n = 3",
		"action":     "UPDATE audit SET action = 'discard' WHERE n = 2",
		"touchpoint": "UPDATE audit SET touchpoint_id = 0 WHERE n = 1",
		"time":       "UPDATE audit SET at = at + 1 WHERE n = 3",
		"detail":     "UPDATE audit SET detail = (SELECT detail FROM audit WHERE n = 1) WHERE n = 2",
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			audited(t, s, must(s.EnsureTouchpoint(t.Context(), "orders"))(t), 3)
			must(s.conn.ExecContext(t.Context(), c))(t)
			if _, err := s.VerifyAudit(t.Context()); !errors.Is(err, StateRolledBack) {
				t.Errorf("got %v", err)
			}
		})
	}
}
