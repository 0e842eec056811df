package state

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/secret"
)

func TestSamples(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	ctx := t.Context()
	orders, invoices := must(s.EnsureTouchpoint(ctx, "orders"))(t), must(s.EnsureTouchpoint(ctx, "invoices"))(t)
	for i, doc := range []string{"one", "two", "three"} {
		check(t, s.SaveSample(ctx, orders.ID, i, []byte(doc)))
	}
	check(t, s.SaveSample(ctx, orders.ID, 1, []byte("another")))
	check(t, s.SaveSample(ctx, invoices.ID, 0, []byte("other")))
	expect := func(what string, id int64, since time.Time, want ...string) {
		t.Helper()
		var got []string
		for _, doc := range must(s.Samples(ctx, id, since))(t) {
			got = append(got, string(doc))
		}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("%s (-got +want):\n%s", what, d)
		}
	}
	check(t, s.Close())
	s = openIn(t, dir)
	expect("after a restart", orders.ID, time.Time{}, "one", "another", "three")
	expect("of a later time", orders.ID, time.Now().Add(time.Hour))

	// A sample that was moved to another slot or touchpoint does not open.
	check(t, s.write(ctx, func(x *txn) error {
		_, err := x.exec("UPDATE samples SET sealed = (SELECT sealed FROM samples WHERE touchpoint_id = ? AND slot = 0) WHERE touchpoint_id = ?", orders.ID, invoices.ID)
		return err
	}))
	if docs, err := s.Samples(ctx, invoices.ID, time.Time{}); err == nil {
		t.Errorf("a sample of another touchpoint opens: %q", docs)
	}

	keys := func(uid secret.UID) (n int) {
		t.Helper()
		_, err := s.oneRow(ctx, "SELECT count(*) FROM data_keys WHERE scope = ?", []any{string(secret.SampleScope(uid))}, &n)
		check(t, err)
		return n
	}
	check(t, s.DropSamples(ctx, time.Now().Add(-time.Hour)))
	expect("after dropping older ones", orders.ID, time.Time{}, "one", "another", "three")
	if keys(orders.UID) != 1 {
		t.Error("samples have no key of their own")
	}
	check(t, s.PruneTouchpoint(ctx, invoices.ID))
	if keys(invoices.UID) != 0 {
		t.Error("the key of samples outlives their touchpoint")
	}
	check(t, s.DropSamples(ctx, time.Time{}))
	expect("after dropping all", orders.ID, time.Time{})
	if keys(orders.UID) != 0 {
		t.Error("the key of samples outlives them")
	}
	check(t, s.SaveSample(ctx, orders.ID, 0, []byte("again")))
	expect("after beginning again", orders.ID, time.Time{}, "again")
}
