package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// chance draws what happens. It is safe for concurrent use.
type chance struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newChance(seed uint64) *chance { return &chance{r: rand.New(rand.NewPCG(seed, 0))} }

// n returns a number from 0 to below n.
func (c *chance) n(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.r.IntN(n)
}

// about returns a length of time, on average d, mostly shorter and now and then much longer.
func (c *chance) about(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.r.ExpFloat64() * float64(d))
}

// trouble stands before an application and bends its answers.
type trouble struct {
	application http.Handler
	chance      *chance
	on          atomic.Bool
	mu          sync.Mutex
	made        map[string]int // how often each was made
}

func newTrouble(h http.Handler, c *chance) *trouble {
	t := &trouble{application: h, chance: c, made: map[string]int{}}
	t.on.Store(true)
	return t
}

// slow is how much longer a late answer takes than an agent waits, at most.
const slow = 3 * time.Second

// ServeHTTP lets most requests through.
func (t *trouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the agent died while it sent this
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	kinds := []struct {
		name string
		make func(http.ResponseWriter, *http.Request)
	}{
		{"dropped before", func(w http.ResponseWriter, _ *http.Request) { drop(w) }},
		{"dropped after", func(w http.ResponseWriter, r *http.Request) { t.done(r); drop(w) }},
		{"late", func(w http.ResponseWriter, r *http.Request) { t.late(w, r, t.chance.about(150*time.Millisecond)) }},
		{"too late", func(w http.ResponseWriter, r *http.Request) { t.late(w, r, slow) }},
		{"500 before", func(w http.ResponseWriter, _ *http.Request) { answer(w, 500, "broken") }},
		{"500 after", func(w http.ResponseWriter, r *http.Request) { t.done(r); answer(w, 500, "broken") }},
		{"429", func(w http.ResponseWriter, _ *http.Request) { answer(w, 429, "slowly") }},
		{"429 with Retry-After", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			answer(w, 429, "slowly")
		}},
		{"503", func(w http.ResponseWriter, _ *http.Request) { answer(w, 503, "busy") }},
		{"half an answer", t.half},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html><body>Please log in.</body></html>") // whoever asked may be dead
		}},
		{"401", func(w http.ResponseWriter, _ *http.Request) { answer(w, 401, "who?") }},
	}
	const calm = 16 // of so many requests, one meets each kind of trouble every so often
	n := t.chance.n(calm * len(kinds))
	if n >= len(kinds) || !t.on.Load() {
		t.application.ServeHTTP(w, r)
		return
	}
	t.mu.Lock()
	t.made[kinds[n].name]++
	t.mu.Unlock()
	kinds[n].make(w, r)
}

// done does what was asked and keeps the answer.
func (t *trouble) done(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	t.application.ServeHTTP(w, r)
	return w
}

// late does what was asked at once, and answers after a while.
func (t *trouble) late(w http.ResponseWriter, r *http.Request, d time.Duration) {
	kept := t.done(r)
	select {
	case <-time.After(d):
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(kept.Code)
	_, _ = w.Write(kept.Body.Bytes()) // as above
}

// half does what was asked, and breaks off in the middle of the answer.
func (t *trouble) half(w http.ResponseWriter, r *http.Request) {
	kept := t.done(r)
	text := kept.Body.Bytes()
	w.Header().Set("Content-Type", "application/json")
	if t.chance.n(2) == 0 { // the connection breaks; else the document simply ends
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	}
	w.WriteHeader(kept.Code)
	_, _ = w.Write(text[:len(text)/2]) // as above
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
}

// A wire stands before a database and cuts connections after some bytes of answers: what was asked last has happened.
type wire struct {
	listener net.Listener
	target   string
	chance   *chance
	on       atomic.Bool
	cuts     atomic.Int64
	open     sync.WaitGroup
}

func newWire(target string, c *chance) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: l, target: target, chance: c}
	w.on.Store(true)
	w.open.Go(w.accept)
	return w, nil
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.open.Go(func() { w.join(client) })
	}
}

// join passes bytes on until one side has gone, or it is cut.
func (w *wire) join(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(server, client) // either side may go at any time
		_ = server.Close()
	})
	answers := io.Reader(server)
	if w.on.Load() {
		answers = io.LimitReader(server, int64(w.chance.about(cutAfter)))
	}
	if _, err := io.Copy(client, answers); err == nil && w.on.Load() {
		w.cuts.Add(1)
	}
	_ = client.Close()
	_ = server.Close()
	up.Wait()
}

// port returns where it listens.
func (w *wire) port() int { return w.listener.Addr().(*net.TCPAddr).Port }

func (w *wire) close() {
	_ = w.listener.Close()
	w.open.Wait()
}

// cutAfter is how many bytes of answers a connection carries, on average.
const cutAfter = 200_000
