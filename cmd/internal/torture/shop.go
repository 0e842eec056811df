package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An order is a record of the shop. It never goes away.
type order struct {
	ID      string    `json:"id"`
	Rev     int64     `json:"rev"` // grows with every change
	Name    string    `json:"name"`
	Kind    string    `json:"kind"` // a, b or c; it changes too
	Group   string    `json:"grp"`
	Lines   []line    `json:"lines"`
	Changed time.Time `json:"updated_at"`
	visible time.Time // a change is committed some time after the instant it bears
	before  *order    // what is seen until then
}

type line struct {
	No   int    `json:"nr"`
	Text string `json:"text"`
}

// poison is how names begin that no destination takes.
const poison = "poison"

func (o *order) bad() bool { return strings.HasPrefix(o.Name, poison) }

// shop is the application that is read. It is safe for concurrent use.
type shop struct {
	mu     sync.Mutex
	orders map[string]*order
	events []*order // they never change
	acks   map[string]int64
	now    func() time.Time
}

func newShop(now func() time.Time) *shop {
	return &shop{orders: map[string]*order{}, acks: map[string]int64{}, now: now}
}

// put makes or changes an order. It is seen after a while, with the instant of now.
func (s *shop) put(o order, late time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	o.Changed, o.visible = now.Truncate(100*time.Millisecond), now.Add(late)
	if was := s.orders[o.ID]; was != nil {
		o.Rev, o.before = was.Rev+1, was.seen(now)
	}
	s.orders[o.ID] = &o
}

// tell makes an event, whose identifier no other has, unless there are as many as there may be.
func (s *shop) tell(o order, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) >= most {
		return
	}
	o.ID = fmt.Sprintf("e%07d", len(s.events))
	o.Changed = s.now().Truncate(100 * time.Millisecond)
	s.events = append(s.events, &o)
}

// seen returns what is seen of an order, nil when it is not seen yet.
func (o *order) seen(now time.Time) *order {
	for o != nil && o.visible.After(now) {
		o = o.before
	}
	if o != nil {
		o.before = nil
	}
	return o
}

// all returns what is seen of all orders.
func (s *shop) all() []*order {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*order, 0, len(s.orders))
	for _, o := range s.orders {
		if o = o.seen(s.now()); o != nil {
			list = append(list, o)
		}
	}
	return list
}

func (s *shop) told() []*order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

func (s *shop) acknowledged() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.acks)
}

// ServeHTTP lists orders and events, and takes acknowledgements.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/orders":
		s.list(w, r, s.all(), byChange)
	case r.Method == http.MethodGet && r.URL.Path == "/orders-by-id":
		s.list(w, r, s.all(), func(a, b *order) int { return strings.Compare(a.ID, b.ID) })
	case r.Method == http.MethodGet && r.URL.Path == "/events":
		s.list(w, r, s.told(), byChange)
	case r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/acks/"):
		s.acknowledge(w, r, strings.TrimPrefix(r.URL.Path, "/acks/"))
	default:
		answer(w, http.StatusNotFound, map[string]any{"error": "there is no such thing"})
	}
}

func byChange(a, b *order) int {
	return cmp.Or(a.Changed.Compare(b.Changed), strings.Compare(a.ID, b.ID))
}

// list answers one page. Pages shift when something changes between two requests.
func (s *shop) list(w http.ResponseWriter, r *http.Request, list []*order, compare func(a, b *order) int) {
	q := r.URL.Query()
	if after, err := time.Parse(time.RFC3339, q.Get("since")); err == nil {
		list = slices.DeleteFunc(list, func(o *order) bool { return o.Changed.Before(after) })
	}
	slices.SortFunc(list, compare)
	size, _ := strconv.Atoi(q.Get("size"))
	from, _ := strconv.Atoi(q.Get("offset"))
	if page, err := strconv.Atoi(q.Get("page")); err == nil {
		from = (page - 1) * size
	}
	from = min(max(from, 0), len(list))
	answer(w, http.StatusOK, map[string]any{"records": list[from:min(from+size, len(list))]})
}

func (s *shop) acknowledge(w http.ResponseWriter, r *http.Request, id string) {
	var ack struct {
		Rev int64 `json:"rev"`
	}
	if err := json.NewDecoder(r.Body).Decode(&ack); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "not JSON"})
		return
	}
	s.mu.Lock()
	s.acks[id] = ack.Rev
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"id": id})
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("torture: internal error: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // whoever asked may be dead
}
