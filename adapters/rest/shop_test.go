package rest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A shop is an API as they are: every behaviour that a field names can be switched on.
type shop struct {
	mu      sync.Mutex
	url     string
	records []map[string]json.RawMessage // in the order they were changed last
	refuse  string                       // a name that is refused with 422
	token   string
	stalled chan struct{}

	paging        string // page, offset, cursor, nextLink, linkHeader, none
	size          int
	repeatLast    bool   // a page past the end is the last page again
	strictFollow  bool   // a follow-up with anything but its token is answered with 400
	nothing       string // how emptiness is told: empty, absent, 204, null
	ignoreSince   bool
	ignoreNames   bool
	reversed      bool // newest first
	interrupt     func(w http.ResponseWriter, r *http.Request) bool
	dropAfter     bool // a write is done, and then the connection drops
	locationOnly  bool // a create is answered with Location and no body
	otherHostLink string
	requests      []string
	acted         []string // ids that were stamped
}

func newShop(t testing.TB) *shop {
	s := &shop{paging: "page", size: 10, nothing: "empty", token: "t"}
	server := httptest.NewServer(s)
	s.url = server.URL
	t.Cleanup(server.Close)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	stalled := s.stalled
	s.mu.Unlock()
	if stalled != nil {
		select {
		case <-stalled:
		case <-r.Context().Done():
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	if r.Header.Get("Authorization") != "Bearer "+s.token {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	if s.interrupt != nil && s.interrupt(w, r) {
		return
	}
	id, single := strings.CutPrefix(r.URL.Path, "/v2/items/")
	switch {
	case r.URL.Path == "/v2/items" && r.Method == http.MethodGet:
		s.list(w, r)
	case r.URL.Path == "/v2/items" && r.Method == http.MethodPost:
		s.write(w, r, "", "create")
	case single && r.Method == http.MethodPost && strings.HasSuffix(id, "/stamp"):
		id = strings.TrimSuffix(id, "/stamp")
		if s.find(id) < 0 {
			http.NotFound(w, r)
			return
		}
		s.acted = append(s.acted, id)
		w.WriteHeader(http.StatusNoContent)
	case single && r.Method == http.MethodGet:
		if i := s.find(id); i >= 0 {
			reply(w, http.StatusOK, map[string]any{"item": s.records[i]})
			return
		}
		http.NotFound(w, r)
	case single && r.Method == http.MethodDelete:
		i := s.find(id)
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		s.records = slices.Delete(s.records, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	case single && r.Method == http.MethodPatch:
		s.write(w, r, id, "update")
	case single && r.Method == http.MethodPut:
		s.write(w, r, id, "upsert")
	default:
		http.Error(w, "no route", http.StatusMethodNotAllowed)
	}
}

func (s *shop) find(id string) int {
	return slices.IndexFunc(s.records, func(d map[string]json.RawMessage) bool { return string(d["id"]) == strconv.Quote(id) })
}

func (s *shop) put(d map[string]json.RawMessage) {
	id, _ := strconv.Unquote(string(d["id"]))
	if i := s.find(id); i >= 0 {
		s.records = slices.Delete(s.records, i, i+1)
	}
	s.records = append(s.records, d)
	slices.SortStableFunc(s.records, func(a, b map[string]json.RawMessage) int { return rev(a) - rev(b) })
}

func rev(d map[string]json.RawMessage) int {
	n, _ := strconv.Atoi(string(d["rev"]))
	return n
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func (s *shop) write(w http.ResponseWriter, r *http.Request, id, how string) {
	text, err := io.ReadAll(r.Body)
	var body struct {
		Item map[string]json.RawMessage `json:"item"`
	}
	if err != nil || json.Unmarshal(text, &body) != nil || body.Item == nil {
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	if s.refuse != "" && strings.Contains(string(body.Item["name"]), s.refuse) {
		reply(w, http.StatusUnprocessableEntity, map[string]string{"message": "bad name " + s.refuse})
		return
	}
	if id == "" {
		id, _ = strconv.Unquote(string(body.Item["id"]))
	}
	at := s.find(id)
	switch {
	case how == "create" && at >= 0:
		http.Error(w, "exists", http.StatusConflict)
		return
	case how == "update" && at < 0:
		http.NotFound(w, r)
		return
	}
	status, item := http.StatusCreated, map[string]json.RawMessage{"id": json.RawMessage(strconv.Quote(id)), "name": json.RawMessage("null")}
	if at >= 0 {
		status, item = http.StatusOK, s.records[at]
	}
	maps.Copy(item, body.Item)
	s.put(item)
	if s.dropAfter {
		panic(http.ErrAbortHandler)
	}
	if s.locationOnly {
		w.Header().Set("Location", "/v2/items/"+id)
		w.WriteHeader(status)
		return
	}
	reply(w, status, map[string]any{"item": item})
}

// list answers a page of the records that the query asks for.
func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	token := q.Get("token")
	if s.strictFollow && token != "" && (q.Has("since") || q.Has("status")) {
		http.Error(w, "no filters with a token", http.StatusBadRequest)
		return
	}
	var all []map[string]json.RawMessage
	since, _ := strconv.Atoi(q.Get("since"))
	if token != "" {
		since, _ = strconv.Atoi(strings.Split(token, "-")[1])
	}
	names, filter := q.Get("name"), q.Get("q")
	if token != "" {
		parts := strings.SplitN(token, "-", 4)
		names, filter = parts[2], parts[3]
	}
	for _, d := range s.records {
		name, _ := strconv.Unquote(string(d["name"]))
		switch {
		case !s.ignoreSince && rev(d) < since:
		case names != "" && !s.ignoreNames && !slices.Contains(strings.Split(names, ","), name):
		case filter != "" && !strings.Contains(name, filter):
		default:
			all = append(all, d)
		}
	}
	if s.reversed {
		slices.Reverse(all)
	}
	from := 0
	switch s.paging {
	case "page":
		n, _ := strconv.Atoi(q.Get("page"))
		from = (n - 1) * s.size
	case "offset":
		from, _ = strconv.Atoi(q.Get("offset"))
	case "cursor", "nextLink", "linkHeader":
		from, _ = strconv.Atoi(strings.Split(token, "-")[0])
	default:
		s.answer(w, all, len(all), "")
		return
	}
	if s.repeatLast && from >= len(all) && len(all) > 0 {
		from = (len(all) - 1) / s.size * s.size
	}
	from = min(from, len(all))
	to := min(from+s.size, len(all))
	next := ""
	if to < len(all) {
		next = fmt.Sprintf("%d-%d-%s-%s", to, since, names, filter)
	}
	s.answer(w, all[from:to], len(all), next)
}

func (s *shop) answer(w http.ResponseWriter, page []map[string]json.RawMessage, total int, next string) {
	body := map[string]any{"total": total}
	if next != "" {
		link := "/v2/items?token=" + url.QueryEscape(next)
		if s.otherHostLink != "" {
			link = s.otherHostLink
		}
		switch s.paging {
		case "cursor":
			body["next"] = next
		case "nextLink":
			body["links"] = map[string]string{"next": link}
		case "linkHeader":
			w.Header().Set("Link", fmt.Sprintf(`</v2/items?token=0>; rel="first", <%s%s>; rel="next"`, s.url, link))
		}
	}
	if len(page) > 0 {
		body["data"] = map[string]any{"items": page}
	} else {
		switch s.nothing {
		case "204":
			w.WriteHeader(http.StatusNoContent)
			return
		case "empty":
			body["data"] = map[string]any{"items": []int{}}
		case "null":
			body["data"] = map[string]any{"items": nil}
		}
	}
	reply(w, http.StatusOK, body)
}
