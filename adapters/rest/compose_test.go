package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/record"
)

// plain declares the shop without its upsert, which is then made of what there is.
func plain() string {
	text := declaration(paging["page"], true)
	return text[:strings.Index(text, `"upsert":`)] + text[strings.Index(text, `"delete":`):]
}

func TestComposedConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Application: declared(t, plain()),
		New:         func(t testing.TB) *adaptertest.Target { return newTarget(t, "page") },
		Batch:       10, Huge: 300,
		Mistakes: []adaptertest.Mistake{{Settings: settings(""), Path: []string{"config", "url"}}},
		Can: adaptertest.Capabilities{
			Source: true, Destination: true, Discoverer: true, KeyReader: true, Nulls: true,
			Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
			Writes: []adapters.WriteMode{
				adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete, adapters.WriteAction,
			},
		},
	})
}

// Somebody creates the record between the look and the create.
func TestUpsertAdoptsWhatCameMeanwhile(t *testing.T) {
	s := newShop(t)
	s.interrupt = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			s.put(docOf(adaptertest.Item{ID: "a", Name: new("theirs"), Amount: "1", Rev: 1}))
		}
		return false
	}
	out, err := write(t, open(t, s, plain()), adapters.WriteUpsert, "a")
	if err != nil || out[0].Result != adapters.Updated {
		t.Fatalf("was %s (%v), %v", out[0].Result, out[0].Err, err)
	}
	if got := string(s.records[0]["name"]); len(s.records) != 1 || got != `"n"` {
		t.Errorf("the shop has %v", s.records)
	}
}

// The classical disaster: a server that does not know the filter answers with a record that nobody asked for.
func TestUpsertNeverWritesAnotherRecordThanWasAskedFor(t *testing.T) {
	for _, mode := range []adapters.WriteMode{adapters.WriteUpsert, adapters.WriteEnsure} {
		s := newShop(t)
		s.put(docOf(adaptertest.Item{ID: "somebody", Name: new("else"), Amount: "1", Rev: 1}))
		s.interrupt = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet {
				return false
			}
			reply(w, http.StatusOK, map[string]any{"item": s.records[0]})
			return true
		}
		out, err := write(t, open(t, s, plain()), mode, "a")
		if err != nil || out[0].Result != adapters.Rejected || out[0].Err.Kind != adapters.Ambiguous {
			t.Errorf("%s: was %s (%v), %v", mode, out[0].Result, out[0].Err, err)
		}
		if slices.ContainsFunc(s.requests, func(r string) bool { return !strings.HasPrefix(r, "GET ") }) {
			t.Errorf("%s: sent %v", mode, s.requests)
		}
	}
}

func TestCompareSendsOnlyWhatWouldChange(t *testing.T) {
	for name, text := range map[string]string{"upsert of the API": declaration(paging["page"], true), "made of a look": plain()} {
		s := newShop(t)
		s.put(docOf(adaptertest.Item{ID: "a", Name: new("n"), Amount: "1", Rev: 1}))
		s.put(docOf(adaptertest.Item{ID: "b", Name: new("other"), Amount: "1", Rev: 2}))
		w, err := open(t, s, text).(adapters.Destination).OpenWrite(t.Context(), adapters.WriteRequest{
			Object: "items", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: itemShape, Compare: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		var b record.Batch
		b.Reset(nil)
		b.AppendDoc([]byte(`{"id":"a","name":"n"}`))
		b.AppendDoc([]byte(`{"id":"b","name":"n"}`))
		out := make([]adapters.Outcome, 2)
		if err := w.Write(t.Context(), &b, out); err != nil {
			t.Fatal(err)
		}
		if out[0].Result != adapters.Unchanged || !out[1].Result.Delivered() || out[1].Result == adapters.Unchanged {
			t.Errorf("%s: %s and %s", name, out[0].Result, out[1].Result)
		}
		writes := slices.DeleteFunc(slices.Clone(s.requests), func(r string) bool { return strings.HasPrefix(r, "GET ") })
		if len(writes) != 1 || !strings.HasSuffix(writes[0], "/items/b") {
			t.Errorf("%s: sent %v", name, writes)
		}
	}
}

func TestTokensGoWhereTheDeclarationSays(t *testing.T) {
	for where, idempotency := range map[string]string{"header": `{"header":"Idempotency-Key","for":"2h"}`, "field": `{"field":"request_id","for":"2h"}`} {
		s := newShop(t)
		var got string
		s.interrupt = func(_ http.ResponseWriter, r *http.Request) bool {
			got = r.Header.Get("Idempotency-Key")
			return false
		}
		text := strings.Replace(declaration(paging["page"], true), `"create":{`, fmt.Sprintf(`"create":{"idempotency":%s,`, idempotency), 1)
		w, err := open(t, s, text).(adapters.Destination).OpenWrite(t.Context(), adapters.WriteRequest{Object: "items", Mode: adapters.WriteCreate, Shape: itemShape})
		if err != nil {
			t.Fatal(err)
		}
		if d := w.(adapters.RepeatableWriter).Remembers(); d != 2*time.Hour {
			t.Errorf("%s: remembers for %s", where, d)
		}
		var b record.Batch
		b.Reset(nil)
		b.AppendDoc([]byte(`{"id":"a","name":"n"}`))
		b.Tokens = []string{"t-1"}
		if err := w.Write(t.Context(), &b, make([]adapters.Outcome, 1)); err != nil {
			t.Fatal(err)
		}
		if where == "field" && len(s.records) == 1 {
			got = strings.Trim(string(s.records[0]["request_id"]), `"`)
		}
		if got != "t-1" {
			t.Errorf("%s: the shop saw the token %q", where, got)
		}
	}
}
