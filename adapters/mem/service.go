package mem

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Service is a small JSON API with one collection, /items, whose documents have a text member id and a whole number rev. Its handler lists
// by pages (GET /items?after=&order=rev|id), takes one (POST /items), and has one (GET and PATCH /items/{id}, which creates what is missing).
// Safe for concurrent use.
type Service struct {
	// Token is what clients must bear.
	Token string
	// Page is how many documents one answer lists. Zero: 100.
	Page int
	// Refuse reports whether a document is answered with status 422. nil: none is.
	Refuse func(doc map[string]json.RawMessage) bool

	mu    sync.Mutex
	items map[string]map[string]json.RawMessage
	stall chan struct{}
}

// Stall makes the service hold back every answer until the returned function is called.
func (s *Service) Stall() (resume func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan struct{})
	s.stall = hold
	return sync.OnceFunc(func() { close(hold) })
}

// SetToken changes what clients must bear.
func (s *Service) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Token = token
}

// Put stores documents, replacing those with the same id.
func (s *Service) Put(docs ...map[string]json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range docs {
		s.store(textMember(d, "id"), d)
	}
}

func (s *Service) store(id string, doc map[string]json.RawMessage) {
	if s.items == nil {
		s.items = map[string]map[string]json.RawMessage{}
	}
	s.items[id] = doc
}

// Docs returns all documents, sorted by id.
func (s *Service) Docs() []map[string]json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]json.RawMessage
	for _, id := range slices.Sorted(maps.Keys(s.items)) {
		out = append(out, maps.Clone(s.items[id]))
	}
	return out
}

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hold, token := s.stall, s.Token
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		http.Error(w, "bad token "+r.Header.Get("Authorization"), http.StatusUnauthorized) // echoes it, as careless services do
		return
	}
	id, one := strings.CutPrefix(r.URL.Path, "/items/")
	switch {
	case r.URL.Path == "/items" && r.Method == http.MethodGet:
		s.list(w, r)
	case r.URL.Path == "/items" && r.Method == http.MethodPost:
		s.change(w, r, "")
	case one && r.Method == http.MethodPatch:
		s.change(w, r, id)
	case one && r.Method == http.MethodGet:
		s.get(w, id)
	default:
		http.NotFound(w, r)
	}
}

type listing struct {
	Items []map[string]json.RawMessage `json:"items"`
	Next  string                       `json:"next,omitempty"`
}

// list answers one page. Its place is rev/id when ordered by rev, else id.
func (s *Service) list(w http.ResponseWriter, r *http.Request) {
	byRev := r.URL.Query().Get("order") == "rev"
	place := func(d map[string]json.RawMessage) string {
		id := textMember(d, "id")
		if !byRev {
			return id
		}
		rev, _ := strconv.ParseInt(string(d["rev"]), 10, 64)
		return fmt.Sprintf("%020d/%s", rev, id)
	}
	docs := s.Docs()
	slices.SortFunc(docs, func(a, b map[string]json.RawMessage) int { return cmp.Compare(place(a), place(b)) })
	after, page := r.URL.Query().Get("after"), cmp.Or(s.Page, 100)
	docs = slices.DeleteFunc(docs, func(d map[string]json.RawMessage) bool { return place(d) <= after })
	docs = docs[:min(len(docs), page)]
	out := listing{Items: docs}
	if len(docs) > 0 {
		out.Next = place(docs[len(docs)-1])
	}
	answer(w, http.StatusOK, out)
}

func (s *Service) get(w http.ResponseWriter, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc, ok := s.items[id]
	if !ok {
		http.Error(w, "no such item", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, doc)
}

// change creates a document, or lays the given members over the one with that id.
func (s *Service) change(w http.ResponseWriter, r *http.Request, id string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var doc map[string]json.RawMessage
	if err != nil || json.Unmarshal(body, &doc) != nil {
		http.Error(w, "not a document", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, create := cmp.Or(id, textMember(doc, "id")), id == ""
	old, exists := s.items[id]
	switch {
	case s.Refuse != nil && s.Refuse(doc):
		http.Error(w, "refused: "+string(body), http.StatusUnprocessableEntity)
	case create && exists:
		http.Error(w, "exists", http.StatusConflict)
	case exists:
		merged := maps.Clone(old)
		maps.Copy(merged, doc)
		s.store(id, merged)
		answer(w, http.StatusOK, merged)
	default:
		s.store(id, doc)
		answer(w, http.StatusCreated, doc)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone when this fails
}

func textMember(doc map[string]json.RawMessage, name string) string {
	var text string
	_ = json.Unmarshal(doc[name], &text) // no text: no id
	return text
}
