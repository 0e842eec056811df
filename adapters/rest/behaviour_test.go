package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// open connects to the shop under a declaration.
func open(t *testing.T, s *shop, declaration string) adapters.Connection {
	t.Helper()
	conn, err := declared(t, declaration).Open(t.Context(), adaptertest.NewWorld(t, map[string]string{"token": "t"}).Env(), settings(s.url+"/v2"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// fillShop puts n items into the shop, with rev from 1.
func fillShop(s *shop, n int) {
	for i := range n {
		s.put(docOf(adaptertest.Item{ID: fmt.Sprintf("k%03d", i), Name: new("x"), Amount: "1.10", Rev: int64(i) + 1}))
	}
}

// readAll reads to the end and returns the ids, the safe cursors by how many records stand before them, and the error that ended it.
func readAll(t *testing.T, conn adapters.Connection, req adapters.ReadRequest) (ids []string, safe map[int]record.Cursor, err error) {
	t.Helper()
	req.Object = "items"
	r, err := conn.(adapters.Source).OpenRead(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	safe = map[int]record.Cursor{}
	var b record.Batch
	for {
		if err := r.Next(t.Context(), &b); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return ids, safe, err
		}
		for i := range b.Len() {
			var d struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal(b.Doc(i), &d); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, d.ID)
		}
		if b.Safe != nil {
			safe[len(ids)] = slices.Clone(b.Safe)
		}
	}
}

func wantKind(t *testing.T, err error, kind adapters.Kind, rule string) *adapters.Error {
	t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok || e.Kind != kind || !strings.Contains(e.Rule, rule) {
		t.Fatalf("got %v, want kind %s with %q", err, kind, rule)
	}
	return e
}

func TestRepeatedPageIsAnErrorNotALoop(t *testing.T) {
	s := newShop(t)
	fillShop(s, 25)
	s.repeatLast = true
	ids, _, err := readAll(t, open(t, s, declaration(paging["page"], false)), adapters.ReadRequest{Mode: adapters.ReadFull})
	wantKind(t, err, adapters.Invalid, "pager repeats page")
	if len(ids) != 25 {
		t.Errorf("got %d records before the error, want 25", len(ids))
	}
}

func TestTotalEndsBeforeTheRepeatedPage(t *testing.T) {
	s := newShop(t)
	fillShop(s, 20)
	s.repeatLast = true
	text := strings.Replace(declaration(paging["page"], false), `"stop":"empty"`, `"total":"total"`, 1)
	ids, _, err := readAll(t, open(t, s, text), adapters.ReadRequest{Mode: adapters.ReadFull})
	if err != nil || len(ids) != 20 {
		t.Errorf("got %d records and %v, want 20 and none", len(ids), err)
	}
}

func TestFollowUpSendsTheTokenAlone(t *testing.T) {
	for _, kind := range []string{"cursor", "nextLink", "linkHeader"} {
		t.Run(kind, func(t *testing.T) {
			s := newShop(t)
			s.paging, s.strictFollow = kind, true
			fillShop(s, 25)
			text := strings.Replace(declaration(paging[kind], true), `"query":{}`, `"query":{"status":"open"}`, 1)
			req := adapters.ReadRequest{Mode: adapters.ReadIncremental, Start: time.Unix(2, 0)}
			ids, _, err := readAll(t, open(t, s, text), req)
			if err != nil || len(ids) != 25 {
				t.Errorf("got %d records and %v, want 25 and none", len(ids), err)
			}
		})
	}
}

func TestNothingIsToldInManyWays(t *testing.T) {
	for _, nothing := range []string{"empty", "absent", "null", "204"} {
		t.Run(nothing, func(t *testing.T) {
			s := newShop(t)
			s.nothing = nothing
			conn := open(t, s, declaration(paging["page"], true))
			if ids, _, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental}); err != nil || len(ids) != 0 {
				t.Errorf("empty: got %d records and %v", len(ids), err)
			}
			fillShop(s, 10)
			if ids, _, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadFull}); err != nil || len(ids) != 10 {
				t.Errorf("one full page: got %d records and %v", len(ids), err)
			}
		})
	}
}

func TestEmptyPageInTheMiddleDoesNotEnd(t *testing.T) {
	s := newShop(t)
	s.paging = "cursor"
	fillShop(s, 25)
	empty := 0
	s.interrupt = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("token") == "10-0--" {
			empty++
			s.answer(w, nil, 25, "10-00--") // a token of its own, for the same place
			return true
		}
		return false
	}
	ids, _, err := readAll(t, open(t, s, declaration(paging["cursor"], false)), adapters.ReadRequest{Mode: adapters.ReadFull})
	if err != nil || len(ids) != 25 || empty != 1 {
		t.Errorf("got %d records, %d empty pages and %v; want 25, 1 and none", len(ids), empty, err)
	}
}

func TestWebPageInPlaceOfAnAnswerIsTemporary(t *testing.T) {
	s := newShop(t)
	fillShop(s, 25)
	broken := 0
	s.interrupt = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") == "2" && broken == 0 {
			broken++
			_, _ = io.WriteString(w, "<html>canary-page</html>")
			return true
		}
		return false
	}
	conn := open(t, s, declaration(paging["page"], false))
	r, err := conn.(adapters.Source).OpenRead(t.Context(), adapters.ReadRequest{Object: "items", Mode: adapters.ReadFull})
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	n, failures := 0, 0
	for {
		err := r.Next(t.Context(), &b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			e := wantKind(t, err, adapters.Unavailable, "answer is not JSON")
			if strings.Contains(err.Error(), "canary") || !strings.Contains(e.Detail.Raw(), "canary-page") {
				t.Error("the page belongs into the detail and nowhere else")
			}
			failures++
			continue
		}
		n += b.Len()
	}
	if n != 25 || failures != 1 {
		t.Errorf("got %d records and %d failures, want 25 and 1: the reader goes on where it was", n, failures)
	}
}

func TestIgnoredTimeParameterIsFound(t *testing.T) {
	s := newShop(t)
	fillShop(s, 25)
	s.ignoreSince = true
	_, _, err := readAll(t, open(t, s, declaration(paging["page"], false)), adapters.ReadRequest{Mode: adapters.ReadIncremental, Start: time.Unix(20, 0)})
	wantKind(t, err, adapters.Invalid, `"since" is ignored`)
}

func TestBrokenOrderIsFound(t *testing.T) {
	s := newShop(t)
	fillShop(s, 25)
	s.reversed = true
	_, _, err := readAll(t, open(t, s, declaration(paging["page"], true)), adapters.ReadRequest{Mode: adapters.ReadIncremental})
	wantKind(t, err, adapters.Invalid, "sorted")
}

func TestUnsortedReadIsSafeAtItsEndOnly(t *testing.T) {
	s := newShop(t)
	fillShop(s, 25)
	s.reversed = true
	conn := open(t, s, declaration(paging["page"], false))
	ids, safe, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental})
	if err != nil || len(ids) != 25 || len(safe) != 1 || safe[25] == nil {
		t.Fatalf("got %d records, %d safe cursors and %v; want 25 and one behind the last", len(ids), len(safe), err)
	}
	fillShop(s, 26)
	ids, _, err = readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental, From: safe[25]})
	if err != nil || !cmp.Equal(ids, []string{"k025"}) {
		t.Errorf("got %v and %v, want the new one", ids, err)
	}
}

func TestUnsortedCursorNeverPassesTheStartOfTheRead(t *testing.T) {
	s := newShop(t)
	later := time.Now().Add(time.Hour).Unix()
	s.put(docOf(adaptertest.Item{ID: "future", Amount: "1", Rev: later}))
	conn := open(t, s, declaration(paging["page"], false))
	_, safe, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental})
	if err != nil || safe[1] == nil {
		t.Fatal(safe, err)
	}
	s.put(docOf(adaptertest.Item{ID: "missed", Amount: "1", Rev: later - 600}))
	ids, _, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental, From: safe[1]})
	if err != nil || !slices.Contains(ids, "missed") {
		t.Errorf("got %v and %v: what changed during the read is lost", ids, err)
	}
}

func TestOverlapStepsBack(t *testing.T) {
	s := newShop(t)
	fillShop(s, 20)
	conn := open(t, s, declaration(paging["page"], true))
	_, safe, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental})
	if err != nil || safe[20] == nil {
		t.Fatal(safe, err)
	}
	ids, _, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental, From: safe[20], Overlap: 5 * time.Second})
	if err != nil || !slices.Contains(ids, "k014") || slices.Contains(ids, "k010") {
		t.Errorf("got %v and %v, want those of the last five seconds", ids, err)
	}
}

func TestLateRecordOfTheSameInstantIsNotLost(t *testing.T) {
	s := newShop(t)
	fillShop(s, 5)
	conn := open(t, s, declaration(paging["page"], true))
	_, safe, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental})
	if err != nil {
		t.Fatal(err)
	}
	s.put(docOf(adaptertest.Item{ID: "a-late", Amount: "1", Rev: 5}))
	ids, _, err := readAll(t, conn, adapters.ReadRequest{Mode: adapters.ReadIncremental, From: safe[5]})
	if err != nil || !cmp.Equal(ids, []string{"a-late"}) {
		t.Errorf("got %v and %v, want the late one alone", ids, err)
	}
}

func TestLinkToAnotherHostIsRefused(t *testing.T) {
	s := newShop(t)
	s.paging, s.otherHostLink = "nextLink", "https://evil.example.com/v2/items?token=1"
	fillShop(s, 25)
	_, _, err := readAll(t, open(t, s, declaration(paging["nextLink"], false)), adapters.ReadRequest{Mode: adapters.ReadFull})
	wantKind(t, err, adapters.Invalid, "another host")
}

func TestStatusOfAReadDecidesTheKind(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		kind   adapters.Kind
		after  time.Duration
	}{
		{401, "", adapters.Unauthorized, 0},
		{403, "", adapters.Unauthorized, 0},
		{404, "", adapters.NotFound, 0},
		{409, "", adapters.Conflict, 0},
		{400, "", adapters.Invalid, 0},
		{422, "", adapters.Invalid, 0},
		{302, "", adapters.Invalid, 0},
		{429, "7", adapters.RateLimited, 7 * time.Second},
		{429, "1.5", adapters.RateLimited, 1500 * time.Millisecond},
		{429, "864000", adapters.RateLimited, time.Hour},
		{429, "NaN", adapters.RateLimited, time.Hour},
		{429, "-3", adapters.RateLimited, 0},
		{429, "date", adapters.RateLimited, 90 * time.Second},
		{429, "tomorrow", adapters.RateLimited, 0},
		{500, "", adapters.Unavailable, 0},
		{503, "3", adapters.Unavailable, 3 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.header), func(t *testing.T) {
			s := newShop(t)
			s.interrupt = func(w http.ResponseWriter, _ *http.Request) bool {
				header := c.header
				if header == "date" {
					now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
					w.Header().Set("Date", now.Format(http.TimeFormat))
					header = now.Add(90 * time.Second).Format(http.TimeFormat)
				}
				if header != "" {
					w.Header().Set("Retry-After", header)
				}
				http.Error(w, "canary-answer", c.status)
				return true
			}
			_, _, err := readAll(t, open(t, s, declaration(paging["page"], false)), adapters.ReadRequest{Mode: adapters.ReadFull})
			e := wantKind(t, err, c.kind, fmt.Sprintf("status %d", c.status))
			if e.After != c.after {
				t.Errorf("After = %s, want %s", e.After, c.after)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), "canary") || !strings.Contains(e.Detail.Raw(), "canary-answer") {
				t.Error("the answer belongs into the detail and nowhere else")
			}
		})
	}
}

// TestPagesThatShiftLoseNothing shows what pages asked for by number make of a list whose records change, or go, while it is read: they move to its
// end, and what stood behind them moves up, into pages that were read already.
func TestPagesThatShiftLoseNothing(t *testing.T) {
	for _, kind := range []string{"page", "offset"} {
		for _, ties := range []int{1, 4, 20, 40} { // records of one second
			s := newShop(t)
			s.paging = kind
			const n = 40
			at := func(i int) int64 { return int64(i/ties*ties + ties) }
			for i := range n {
				s.put(docOf(adaptertest.Item{ID: fmt.Sprintf("k%03d", i), Amount: "1", Rev: at(i)}))
			}
			requests := 0
			s.interrupt = func(http.ResponseWriter, *http.Request) bool {
				if requests++; requests == 2 || requests == 3 {
					for i := range 3 {
						s.put(docOf(adaptertest.Item{ID: fmt.Sprintf("k%03d", i), Amount: "2", Rev: int64(100 * requests)}))
					}
					s.records = slices.Delete(s.records, 0, 1)
				}
				return false
			}
			ids, _, err := readAll(t, open(t, s, declaration(paging[kind], true)), adapters.ReadRequest{Mode: adapters.ReadIncremental})
			if err != nil {
				t.Fatal(err)
			}
			times := map[string]int{}
			for _, id := range ids {
				times[id]++
			}
			for i := range n {
				id := fmt.Sprintf("k%03d", i)
				if s.find(id) >= 0 && times[id] == 0 {
					t.Errorf("%s, %d of one second: %s was never read", kind, ties, id)
				}
				if i >= 3 && times[id] > 1 {
					t.Errorf("%s, %d of one second: %s was read %d times", kind, ties, id, times[id])
				}
			}
		}
	}
}
