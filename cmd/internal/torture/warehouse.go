package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// A stored record is what one side has of a record.
type stored struct {
	Rev   int64
	Name  string
	Group string // what it refers to
	Back  int    // how often a write put an older revision over a newer one
}

// warehouse is the application that is written. It keeps whatever it is sent, also twice: PUT /OBJECT/KEY… makes or replaces the one
// record with that key, POST /OBJECT makes another one, GET /OBJECT/KEY… finds the first. It is safe for concurrent use.
type warehouse struct {
	mu      sync.Mutex
	objects map[string]map[string][]stored
	made    int
}

func newWarehouse() *warehouse { return &warehouse{objects: map[string]map[string][]stored{}} }

// rows returns what an object has, by key.
func (h *warehouse) rows(object string) map[string][]stored {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[string][]stored, len(h.objects[object]))
	for key, list := range h.objects[object] {
		all[key] = append([]stored(nil), list...)
	}
	return all
}

// sent is a record as it comes in. Whatever its object, it has some of these.
type sent struct {
	ID    string `json:"id"`
	Line  *int   `json:"line"`
	Rev   int64  `json:"rev"`
	Name  string `json:"name"`
	Group string `json:"grp"`
}

// ServeHTTP takes and finds records.
func (h *warehouse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	object, key, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if unescaped, err := url.PathUnescape(key); err == nil {
		key = unescaped
	}
	if r.Method == http.MethodGet {
		h.find(w, object, key)
		return
	}
	body, err := io.ReadAll(r.Body)
	var in sent
	if err != nil || json.Unmarshal(body, &in) != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "not JSON"})
		return
	}
	if strings.HasPrefix(in.Name, poison) {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"error": "no such names here"})
		return
	}
	if key == "" {
		h.create(w, object, in)
		return
	}
	h.replace(w, object, key, in)
}

func (h *warehouse) of(object string) map[string][]stored {
	if h.objects[object] == nil {
		h.objects[object] = map[string][]stored{}
	}
	return h.objects[object]
}

func (h *warehouse) create(w http.ResponseWriter, object string, in sent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
	rows := h.of(object)
	rows[in.ID] = append(rows[in.ID], stored{Rev: in.Rev, Name: in.Name, Group: in.Group})
	answer(w, http.StatusCreated, map[string]any{"id": in.ID, "number": h.made})
}

func (h *warehouse) replace(w http.ResponseWriter, object, key string, in sent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows := h.of(object)
	status, back := http.StatusCreated, 0
	if was := rows[key]; len(was) > 0 {
		status, back = http.StatusOK, was[0].Back
		if was[0].Rev > in.Rev {
			back++
		}
	}
	rows[key] = []stored{{Rev: in.Rev, Name: in.Name, Group: in.Group, Back: back}}
	answer(w, status, map[string]any{"id": in.ID})
}

func (h *warehouse) find(w http.ResponseWriter, object, key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rows := h.objects[object][key]
	if len(rows) == 0 {
		answer(w, http.StatusNotFound, map[string]any{"error": fmt.Sprintf("no %s", object)})
		return
	}
	id, _, _ := strings.Cut(key, "/")
	answer(w, http.StatusOK, map[string]any{"id": id, "rev": rows[0].Rev, "name": rows[0].Name, "grp": rows[0].Group})
}
