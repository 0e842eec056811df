package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/record"
)

// twins puts n items into the shop, whose names are "a", "b" and "c" in turn.
func twins(s *shop, n int) {
	for i := range n {
		s.put(docOf(adaptertest.Item{ID: fmt.Sprintf("k%03d", i), Name: new([]string{"a", "b", "c"}[i%3]), Amount: "1", Rev: int64(i) + 1}))
	}
}

func named(names ...string) adapters.ReadRequest {
	req := adapters.ReadRequest{Mode: adapters.ReadKeys, By: []string{"name"}}
	for _, n := range names {
		req.Keys = append(req.Keys, []record.Value{record.StringValue(n)})
	}
	return req
}

func TestRecordsAreFoundByAFieldToTheirLastPage(t *testing.T) {
	for kind, text := range paging {
		t.Run(kind, func(t *testing.T) {
			s := newShop(t)
			s.paging = kind
			twins(s, 75)
			ids, _, err := readAll(t, open(t, s, declaration(text, false)), named("c", "nobody", "a"))
			if err != nil || len(ids) != 50 {
				t.Errorf("got %d records and %v, want 50 and none", len(ids), err)
			}
		})
	}
}

// An API that ignores a parameter it does not know answers with records of others.
func TestIgnoredParameterIsFound(t *testing.T) {
	s := newShop(t)
	s.ignoreNames = true
	twins(s, 6)
	_, _, err := readAll(t, open(t, s, declaration(paging["page"], false)), named("a"))
	wantKind(t, err, adapters.Invalid, "not asked for")
}

func TestBlankKeyIsNeverAsked(t *testing.T) {
	s := newShop(t)
	twins(s, 6)
	conn := open(t, s, declaration(paging["page"], false))
	req := named("a", " ")
	req.Object = "items"
	_, err := conn.(adapters.Source).OpenRead(t.Context(), req)
	wantKind(t, err, adapters.Invalid, "blank")
	if len(s.requests) > 0 {
		t.Errorf("asked %q", s.requests)
	}
}

// A page that shifts while it is read again after a failure is asked for again, and nothing of it is left out.
func TestFindingGoesOnAfterATemporaryError(t *testing.T) {
	s := newShop(t)
	twins(s, 75)
	n := 0
	s.interrupt = func(w http.ResponseWriter, _ *http.Request) bool {
		if n++; n%2 == 0 {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	conn := open(t, s, declaration(paging["page"], false))
	req := named("a", "b")
	req.Object = "items"
	r, err := conn.(adapters.Source).OpenRead(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	got, failures := 0, 0
	for {
		err := r.Next(t.Context(), &b)
		if err == nil {
			got += b.Len()
			continue
		}
		if adapters.KindOf(err) != adapters.Unavailable {
			break
		}
		failures++
	}
	if got != 50 || failures == 0 {
		t.Errorf("got %d records after %d failures, want 50", got, failures)
	}
}

// The records below a path need not say what they belong to: the path does.
func TestRecordsBelowAPathSayWhatTheyBelongTo(t *testing.T) {
	s := newShop(t)
	s.interrupt = func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/v2/orders/7/payments":
			reply(w, http.StatusOK, map[string]any{"payments": []map[string]any{{"id": "p1"}, {"id": "p2"}}})
		case "/v2/orders/8/payments":
			reply(w, http.StatusOK, map[string]any{"payments": map[string]any{}})
		default:
			http.NotFound(w, r)
		}
		return true
	}
	text := `{"description":"A shop.","auth":{"kind":"bearer"},"objects":{"items":{"key":["id"],"read":{"path":"/payments","records":"payments",
		"by":[{"path":"/orders/{orderId}/payments"},{"path":"/buyers/{buyer}/payments","missing":"none"}]}}}}`
	conn := open(t, s, text)
	req := adapters.ReadRequest{Object: "items", Mode: adapters.ReadKeys, By: []string{"orderId"}, Keys: [][]record.Value{{record.IntValue(7)}, {record.IntValue(8)}}}
	r, err := conn.(adapters.Source).OpenRead(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	var docs []string
	for r.Next(t.Context(), &b) == nil {
		for i := range b.Len() {
			docs = append(docs, string(b.Doc(i)))
		}
	}
	if d := cmp.Diff(docs, []string{`{"orderId":7,"id":"p1"}`, `{"orderId":7,"id":"p2"}`, `{"orderId":8}`}); d != "" {
		t.Errorf("read (-got +want):\n%s", d)
	}
	req.Keys = [][]record.Value{{record.IntValue(9)}}
	_, _, err = readAll(t, conn, req)
	wantKind(t, err, adapters.NotFound, "404")
	req.By = []string{"buyer"}
	if ids, _, err := readAll(t, conn, req); err != nil || len(ids) != 0 {
		t.Errorf("a list that may be missing: %v and %v", ids, err)
	}
}

func TestLookUpByAFieldOfTheRecord(t *testing.T) {
	s := newShop(t)
	twins(s, 2)
	conn := open(t, s, declaration(paging["page"], false))
	found, err := conn.(adapters.KeyReader).ReadByKey(t.Context(), adapters.WriteRequest{Object: "items", Key: []string{"name"}},
		[][]record.Value{{record.StringValue("b")}, {record.StringValue("c")}})
	if err != nil || !slices.Equal(found, []bool{true, false}) {
		t.Errorf("found %v and %v, want the first alone", found, err)
	}
}

func TestFilterIsSentAsItIs(t *testing.T) {
	s := newShop(t)
	twins(s, 30)
	conn := open(t, s, declaration(paging["page"], true))
	for _, mode := range []adapters.ReadMode{adapters.ReadFull, adapters.ReadIncremental} {
		ids, _, err := readAll(t, conn, adapters.ReadRequest{Mode: mode, Filter: "c"})
		if err != nil || len(ids) != 10 {
			t.Errorf("%s: got %d records and %v, want 10 and none", mode, len(ids), err)
		}
	}
	if !strings.Contains(strings.Join(s.requests, " "), "q=c") {
		t.Errorf("asked %q", s.requests)
	}
}

// Many APIs take one text for all conditions.
func TestTimeAndFilterShareAParameter(t *testing.T) {
	s := newShop(t)
	s.interrupt = func(w http.ResponseWriter, _ *http.Request) bool {
		s.answer(w, nil, 0, "")
		return true
	}
	text := strings.NewReplacer(`"filter":{"param":"q"}`, `"filter":{"param":"q","value":"({filter})","and":" AND "}`,
		`"param":"since"`, `"param":"q","value":"rev >= '{time}'"`).Replace(declaration(paging["none"], true))
	conn := open(t, s, text)
	for _, c := range []struct {
		start  time.Time
		filter string
		want   string
	}{
		{time.Unix(11, 0), "a or b", "q=rev+%3E%3D+%2710%27+AND+%28a+or+b%29"}, {time.Time{}, "a or b", "q=%28a+or+b%29"}, {time.Unix(11, 0), "", "q=rev+%3E%3D+%2710%27"},
	} {
		s.requests = nil
		if _, _, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental, Start: c.start, Filter: c.filter}); err != nil {
			t.Fatal(err)
		}
		if want := "GET /v2/items?" + c.want; len(s.requests) != 1 || s.requests[0] != want {
			t.Errorf("asked %q, want %q", s.requests, want)
		}
	}
}

func TestFlagIsAskedFor(t *testing.T) {
	s := newShop(t)
	twins(s, 30)
	text := strings.Replace(declaration(paging["page"], false), `"filter":`, `"flag":{"q":"b"},"filter":`, 1)
	ids, safe, err := readAll(t, open(t, s, text), adapters.ReadRequest{Mode: adapters.ReadFlag})
	if err != nil || len(ids) != 10 || len(safe) > 0 {
		t.Errorf("got %d records, %d cursors and %v; want 10 and none", len(ids), len(safe), err)
	}
}
