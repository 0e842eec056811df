package rest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/record"
)

var itemShape = record.NewShape(record.Column{Name: "id"}, record.Column{Name: "name"})

// write writes documents with these ids.
func write(t *testing.T, conn adapters.Connection, mode adapters.WriteMode, ids ...string) ([]adapters.Outcome, error) {
	t.Helper()
	w, err := conn.(adapters.Destination).OpenWrite(t.Context(), adapters.WriteRequest{Object: "items", Mode: mode, Key: []string{"id"}, Shape: itemShape})
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	b.Reset(nil)
	for _, id := range ids {
		b.AppendDoc(fmt.Appendf(nil, `{"id":%q,"name":"n"}`, id))
	}
	out := make([]adapters.Outcome, len(ids))
	return out, w.Write(t.Context(), &b, out)
}

func TestDroppedConnectionAfterAWriteIsUnknownAndCanBeLookedUp(t *testing.T) {
	s := newShop(t)
	s.dropAfter = true
	conn := open(t, s, declaration(paging["page"], false))
	out, err := write(t, conn, adapters.WriteCreate, "a")
	wantKind(t, err, adapters.UnknownOutcome, "no answer")
	if out[0].Result != adapters.Unknown {
		t.Errorf("outcome is %s, want unknown", out[0].Result)
	}
	found, err := conn.(adapters.KeyReader).ReadByKey(t.Context(), adapters.WriteRequest{Object: "items", Key: []string{"id"}},
		[][]record.Value{{record.StringValue("a")}, {record.StringValue("b")}})
	if err != nil || !found[0] || found[1] {
		t.Errorf("looked up %v and %v, want the first alone", found, err)
	}
}

func TestUnreachableIsNotWritten(t *testing.T) {
	s := newShop(t)
	world := adaptertest.NewWorld(t, map[string]string{"token": "t"})
	conn, err := declared(t, declaration(paging["page"], false)).Open(t.Context(), world.Env(), settings(s.url+"/v2"))
	if err != nil {
		t.Fatal(err)
	}
	world.Cut()
	out, err := write(t, conn, adapters.WriteCreate, "a")
	wantKind(t, err, adapters.Unavailable, "")
	if out[0].Result != adapters.NotWritten {
		t.Errorf("outcome is %s, want not written", out[0].Result)
	}
}

func TestStatusOfAWriteDecidesTheOutcome(t *testing.T) {
	for _, c := range []struct {
		status  int
		mode    adapters.WriteMode
		result  adapters.Result
		kind    adapters.Kind
		stopped bool // the error is the whole write's
	}{
		{400, adapters.WriteCreate, adapters.Rejected, adapters.Invalid, false},
		{422, adapters.WriteUpsert, adapters.Rejected, adapters.Invalid, false},
		{409, adapters.WriteCreate, adapters.Rejected, adapters.Duplicate, false},
		{409, adapters.WriteUpdate, adapters.Rejected, adapters.Conflict, false},
		{412, adapters.WriteUpdate, adapters.Rejected, adapters.Conflict, false},
		{404, adapters.WriteUpdate, adapters.Rejected, adapters.NotFound, false},
		{404, adapters.WriteCreate, adapters.NotWritten, adapters.NotFound, true},
		{405, adapters.WriteUpdate, adapters.NotWritten, adapters.Invalid, true},
		{301, adapters.WriteUpdate, adapters.NotWritten, adapters.Invalid, true},
		{401, adapters.WriteUpdate, adapters.NotWritten, adapters.Unauthorized, true},
		{429, adapters.WriteUpdate, adapters.NotWritten, adapters.RateLimited, true},
		{503, adapters.WriteUpdate, adapters.NotWritten, adapters.Unavailable, true},
		{500, adapters.WriteUpdate, adapters.Unknown, adapters.UnknownOutcome, true},
		{504, adapters.WriteCreate, adapters.Unknown, adapters.UnknownOutcome, true},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.mode), func(t *testing.T) {
			s := newShop(t)
			s.interrupt = func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, "canary-answer", c.status)
				return true
			}
			out, err := write(t, open(t, s, declaration(paging["page"], false)), c.mode, "a")
			if out[0].Result != c.result {
				t.Errorf("outcome is %s, want %s", out[0].Result, c.result)
			}
			if c.stopped {
				wantKind(t, err, c.kind, "status")
				return
			}
			if err != nil || out[0].Err == nil || out[0].Err.Kind != c.kind {
				t.Errorf("got %v and %v, want a rejection of kind %s", err, out[0].Err, c.kind)
			}
		})
	}
}

func TestAnErrorForAllStopsWhatWasNotSent(t *testing.T) {
	s := newShop(t)
	s.interrupt = func(w http.ResponseWriter, _ *http.Request) bool {
		if len(s.requests) <= 4 {
			return false
		}
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	ids := make([]string, 40)
	for i := range ids {
		ids[i] = fmt.Sprintf("k%02d", i)
	}
	out, err := write(t, open(t, s, declaration(paging["page"], false)), adapters.WriteUpsert, ids...)
	wantKind(t, err, adapters.RateLimited, "429")
	written := 0
	for i, o := range out {
		switch o.Result {
		case adapters.Created:
			written++
		case adapters.NotWritten:
		default:
			t.Errorf("record %d was %s", i, o.Result)
		}
	}
	if written != 4 || len(s.records) != 4 {
		t.Errorf("%d reported as written and %d there, want 4", written, len(s.records))
	}
	if len(s.requests) > 12 {
		t.Errorf("%d requests were sent after the refusal began", len(s.requests)-4)
	}
}

func TestIdentity(t *testing.T) {
	s := newShop(t)
	conn := open(t, s, declaration(paging["page"], false))
	out, err := write(t, conn, adapters.WriteCreate, "in-body")
	if err != nil || out[0].ID.Text() != "in-body" {
		t.Errorf("id from the answer: got %q and %v", out[0].ID.Text(), err)
	}
	s.locationOnly = true
	out, err = write(t, conn, adapters.WriteCreate, "in-header")
	if err != nil || out[0].Result != adapters.Created || out[0].ID.Text() != "in-header" {
		t.Errorf("id from Location: got %q and %v", out[0].ID.Text(), err)
	}
}

func TestWebPageAfterAWriteIsUnknown(t *testing.T) {
	s := newShop(t)
	s.interrupt = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>maintenance</html>"))
		return true
	}
	out, err := write(t, open(t, s, declaration(paging["page"], false)), adapters.WriteUpsert, "a")
	wantKind(t, err, adapters.UnknownOutcome, "web page")
	if out[0].Result != adapters.Unknown {
		t.Errorf("outcome is %s, want unknown", out[0].Result)
	}
}

func TestKeysStayInsideTheirPath(t *testing.T) {
	s := newShop(t)
	conn := open(t, s, declaration(paging["page"], false))
	out, err := write(t, conn, adapters.WriteUpsert, "a/b?c=d#e", "", "..")
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Result != adapters.Created || s.find("a/b?c=d#e") < 0 {
		t.Errorf("a key with delimiters was %s (%v), and the shop has %v", out[0].Result, out[0].Err, s.requests)
	}
	for i := 1; i < 3; i++ {
		if out[i].Result != adapters.Rejected || out[i].Err.Field != "id" {
			t.Errorf("key %d was %s (%v), want rejected with its field", i, out[i].Result, out[i].Err)
		}
	}
}
