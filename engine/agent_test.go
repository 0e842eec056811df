package engine_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/adapters/pgtest"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/secret"
)

// shop lists orders to who bears the right token.
type shop struct {
	mu     sync.Mutex
	tokens map[string]bool
	orders []map[string]any
}

func (s *shop) add(ref, id, customer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, map[string]any{
		"id": id, "ref": ref, "customer": customer, "updated_at": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
	})
}

func (s *shop) accept(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]bool{}
	for _, t := range tokens {
		s.tokens[t] = true
	}
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || !s.tokens[bearer] {
		http.Error(w, `{"error":"no"}`, http.StatusUnauthorized)
		return
	}
	list := []map[string]any{}
	for _, o := range s.orders {
		if o["updated_at"].(string) >= r.URL.Query().Get("updated_after") {
			list = append(list, o)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"orders": list}) // the client may have gone
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// site is a shop, a repository behind HTTP, PostgreSQL, and an agent between them.
type site struct {
	t         *testing.T
	dir       string
	shop      *shop
	shopURL   string
	git       *gitserver.Repository
	gitServer *httptest.Server
	identity  *secret.Identity
	db        *sql.DB
	log       *syncBuffer
	files     map[string]string
	first     *secret.Credential
	agent     *engine.Engine
	stop      func()
}

const siteToken = "token-of-the-shop"

func newSite(t *testing.T, token string) *site {
	t.Helper()
	dsn, err := url.Parse(pgtest.Start(t))
	check(t, err)
	s := &site{t: t, dir: t.TempDir(), shop: &shop{}, git: gitserver.New(), log: new(syncBuffer), files: map[string]string{}}
	s.shop.accept(token)
	shopServer := httptest.NewServer(s.shop)
	t.Cleanup(shopServer.Close)
	s.shopURL = shopServer.URL
	s.gitServer = httptest.NewServer(gitserver.Handler(s.git))
	t.Cleanup(s.gitServer.Close)
	s.identity, err = secret.GenerateAgent(secret.Classic)
	check(t, err)
	s.db, err = sql.Open("pgx", dsn.String())
	check(t, err)
	t.Cleanup(func() { check(t, s.db.Close()) })
	_, err = s.db.ExecContext(t.Context(), `CREATE TABLE sales (ref text PRIMARY KEY, customer text NOT NULL CHECK (customer NOT LIKE '%refuse%'), channel text NOT NULL)`)
	check(t, err)
	ring, err := secret.CreateRing("test", s.recipients(), time.Now())
	check(t, err)
	ringFile, err := ring.File().Encode()
	check(t, err)
	s.first, err = secret.CreateCredential("acme", s.envelope(), secret.Values{"token": secret.NewValue(token)}, time.Now())
	check(t, err)
	s.commit(map[string]string{
		"dray.yaml":     "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec: {environments: {test: {}}}\n",
		"keys.yaml":     string(ringFile),
		"shop-key.yaml": encoded(t, s.first),
		"agent.yaml": fmt.Sprintf("apiVersion: dray/v1\nkind: Agent\nmetadata: {name: test}\nspec:\n  recipient: %s\n  signer: %s\n  environments: [test]\n",
			s.identity.Public().Recipient, s.identity.Public().Signer),
		"shop.yaml": `apiVersion: dray/v1
kind: Application
metadata: {name: shop}
spec:
  description: A shop.
  auth: {kind: bearer}
  objects:
    orders:
      key: [id]
      cursor: updated_at
      read: {path: /orders, records: orders, since: {param: updated_after, sorted: true}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: shop, config: {url: ` + s.shopURL + `}, credential: shop}
`,
		"erp.yaml": fmt.Sprintf(`apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec: {application: postgres, config: {host: %s, port: %s, database: %s, user: %s, sslMode: disable}}
`, dsn.Hostname(), dsn.Port(), strings.TrimPrefix(dsn.Path, "/"), dsn.User.Username()),
		"flow.yaml": flowFile("web"),
	})
	return s
}

func flowFile(channel string) string {
	return `apiVersion: dray/v1
kind: Mapping
metadata: {name: sale}
spec:
  fields:
    ref: {from: ref}
    customer: {from: customer}
    channel: {value: ` + channel + `}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders}
spec:
  source: {connection: shop, object: orders, start: beginning}
  trace: [ref]
  mapping: sale
  destination: {connection: erp, object: sales, write: upsert, key: [ref]}
  schedule: {every: 1s}
`
}

func (s *site) recipients() []secret.Recipient {
	return []secret.Recipient{s.identity.Public().Recipient}
}

func (s *site) envelope() secret.Envelope {
	s.t.Helper()
	bind, err := secret.ParseBindings([]string{s.shopURL})
	check(s.t, err)
	return secret.Envelope{
		Name: "shop", Application: "shop", Bind: bind, TLS: secret.TLS{ClearText: "the shop of the test is on this machine"},
		Use: secret.UseAgent, Environments: []string{"test"}, Recipients: s.recipients(),
	}
}

func encoded(t *testing.T, c *secret.Credential) string {
	t.Helper()
	text, err := c.Encode()
	check(t, err)
	return string(text)
}

func (s *site) commit(changed map[string]string) string {
	s.t.Helper()
	maps.Copy(s.files, changed)
	commit, err := s.git.Commit(gitserver.Change{Message: "change", Author: "Test", Email: "test@acme.example", Files: changed})
	check(s.t, err)
	return commit
}

// start starts an agent; stop waits until it has drained.
func (s *site) start() {
	s.t.Helper()
	source, err := repo.Open(repo.Options{URL: s.gitServer.URL + "/acme.git", Branch: "main"})
	check(s.t, err)
	ready := make(chan struct{})
	s.agent, err = engine.New(engine.Options{
		Source: source, Repository: s.gitServer.URL + "/acme.git", Environment: "test", Identity: s.identity, StateDir: filepath.Join(s.dir, "state"),
		Registry: all.Registry(), Egress: connect.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, Interval: 100 * time.Millisecond, Samples: engine.SampleOptions{Number: 20},
		Log:   hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: s.log}),
		Serve: []func(context.Context, *engine.Engine) error{func(context.Context, *engine.Engine) error { close(ready); return nil }},
	})
	check(s.t, err)
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.agent.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("the agent stopped with: %v", err)
		}
	})
	s.t.Cleanup(s.stop)
	select {
	case <-ready:
	case err := <-done:
		s.t.Fatalf("the agent did not start: %v\n%s", err, s.log.text())
	}
}

// until waits for something that the agent does in its own time.
func (s *site) until(what string, holds func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("waited in vain for %s; status %+v\n%s", what, s.agent.Status(), s.log.text())
		}
	}
}

func (s *site) rows(where string) (n int) {
	s.t.Helper()
	check(s.t, s.db.QueryRowContext(s.t.Context(), "SELECT count(*) FROM sales WHERE "+where).Scan(&n))
	return n
}

// attempted waits until the agent has judged a commit.
func (s *site) attempted(commit string) reconcile.Status {
	s.t.Helper()
	s.until("commit "+commit, func() bool { return strings.HasSuffix(s.agent.Status().LastAttemptedRevision, commit) })
	return s.agent.Status()
}

func (s *site) get(h http.Handler, path string) string {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, http.NoBody)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	check(s.t, err)
	return fmt.Sprintf("%d\n%s", w.Code, text)
}

// post asks and keeps the answer among the places.
func (s *site) post(h http.Handler, path, body string, places map[string]string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	check(s.t, err)
	places["POST "+path] = fmt.Sprintf("%d\n%s", w.Code, text)
}

func TestAgent(t *testing.T) {
	s := newSite(t, siteToken)
	for i := range 20 {
		s.shop.add(fmt.Sprintf("A%02d", i), fmt.Sprintf("id-%d", i), "somebody")
	}
	s.start()
	s.until("the orders", func() bool { return s.rows("channel = 'web'") == 20 })

	second := s.commit(map[string]string{"flow.yaml": flowFile("webshop")})
	if c := s.attempted(second).Condition(reconcile.Ready); c.Reason != "Applied" {
		t.Fatalf("the second commit: %+v", c)
	}
	s.shop.add("B01", "id-b1", "somebody")
	s.until("the second commit at work", func() bool { return s.rows("channel = 'webshop'") >= 1 })

	broken := s.commit(map[string]string{"flow.yaml": strings.Replace(flowFile("x"), "mapping: sale", "mapping: sail", 1)})
	if st := s.attempted(broken); st.Condition(reconcile.Ready).Reason != "Invalid" || !strings.HasSuffix(st.LastAppliedRevision, second) {
		t.Errorf("the broken commit: %+v", st)
	}
	s.shop.add("C01", "id-c1", "somebody")
	s.until("the last good commit to serve on", func() bool { return s.rows("ref = 'C01' AND channel = 'webshop'") == 1 })
	s.stop()
	if !strings.Contains(s.log.text(), "queue drained") {
		t.Error("the agent did not drain its queue")
	}

	// dray.yaml itself is broken, and then git does not answer: either way the last good one serves.
	dray := s.files["dray.yaml"]
	s.commit(map[string]string{"dray.yaml": "nonsense"})
	s.start()
	s.shop.add("D01", "id-d1", "somebody")
	s.until("the last good commit beside a broken dray.yaml", func() bool { return s.rows("ref = 'D01' AND channel = 'webshop'") == 1 })
	s.stop()
	s.gitServer.Close()
	s.start()
	s.shop.add("E01", "id-e1", "somebody")
	s.until("the last good commit without git", func() bool { return s.rows("ref = 'E01' AND channel = 'webshop'") == 1 })
	s.stop()
	s.gitServer = httptest.NewServer(gitserver.Handler(s.git))
	t.Cleanup(s.gitServer.Close)
	s.start()
	good := s.commit(map[string]string{"dray.yaml": dray, "flow.yaml": flowFile("shop2")})
	if c := s.attempted(good).Condition(reconcile.Ready); c.Reason != "Applied" {
		t.Fatalf("the mended commit: %+v", c)
	}

	check(t, s.git.SetBranch("main", second)) // history goes back
	rewritten := s.commit(map[string]string{"flow.yaml": flowFile("evil")})
	if st := s.attempted(rewritten); st.Condition(reconcile.Ready).Reason != "HistoryRewritten" || !strings.HasSuffix(st.LastAppliedRevision, good) {
		t.Errorf("the rewritten history: %+v", st)
	}
	if n := s.rows("channel = 'evil'"); n != 0 {
		t.Errorf("%d records as the rewritten history says", n)
	}
	if n := s.rows("true"); n != 24 {
		t.Errorf("%d records arrived, want 24", n)
	}
}

func TestOlderCredentialIsNotTakenBack(t *testing.T) {
	s := newSite(t, siteToken)
	s.shop.accept("token-of-the-second-generation")
	newer, err := s.first.Replace("acme", s.envelope(), secret.Values{"token": secret.NewValue("token-of-the-second-generation")}, time.Now())
	check(t, err)
	s.commit(map[string]string{"shop-key.yaml": encoded(t, newer)})
	s.shop.add("A01", "id-1", "somebody")
	s.start()
	s.until("the first order", func() bool { return s.rows("true") == 1 })
	s.attempted(s.commit(map[string]string{"shop-key.yaml": encoded(t, s.first), "flow.yaml": flowFile("later")}))
	s.shop.add("A02", "id-2", "somebody")
	s.until("an order by the accepted credential", func() bool { return s.rows("ref = 'A02' AND channel = 'later'") == 1 })
	if !strings.Contains(s.log.text(), "CredentialOutdated") {
		t.Error("nobody was told that the repository holds an older credential")
	}
	if c := s.agent.Status().Condition(reconcile.Decrypted); c.Status != "False" || c.Reason != "CredentialOutdated" {
		t.Errorf("the condition Decrypted is %+v", c)
	}
}

func TestNothingSeepsOut(t *testing.T) {
	canaries := map[string]string{
		"record": `kanari<rec>é"7h3kq`, "key": `kanari<key>é/8w2mz`, "secret": "kanari-tok+n/5v9xp", "vendor": `refuse<vendor>é"4j6rt`,
	}
	s := newSite(t, canaries["secret"])
	for i := range 5 {
		s.shop.add(fmt.Sprintf("seen-%d", i), canaries["key"]+fmt.Sprint(i), canaries["record"])
	}
	s.shop.add("seen-refused", canaries["key"]+"refused", canaries["vendor"]) // PostgreSQL cites the row
	s.start()
	s.until("the orders", func() bool { return s.rows("true") == 5 })
	s.until("the refused one", func() bool {
		l, _, err := s.agent.DeadLetters(t.Context(), api.DeadLetterFilter{})
		return err == nil && len(l) == 1
	})
	s.shop.accept("another") // and a failed run, with the shop's own words
	s.until("a failed run", func() bool {
		runs, _, err := s.agent.Runs(t.Context(), api.RunFilter{Status: "failed"})
		return err == nil && len(runs) > 0
	})
	h := api.New(s.agent, "test")
	found, err := s.agent.Search(t.Context(), "orders", "seen-1")
	if err != nil || len(found) != 1 {
		t.Fatalf("%d records, error %v", len(found), err)
	}
	places := map[string]string{}
	next := s.commit(map[string]string{"flow.yaml": flowFile("another")})
	s.attempted(next)
	s.shop.accept(canaries["secret"])
	s.shop.add("seen-5", canaries["key"]+"5", canaries["record"])
	s.until("an order by the new revision", func() bool { return s.rows("channel = 'another'") > 0 })
	tried, err := s.git.Commit(gitserver.Change{Branch: "feature", Parent: next, Files: map[string]string{
		"flow.yaml": strings.Replace(flowFile("third"), "customer: {from: customer}", "customer: {expr: 'customer + \"!\"'}", 1),
	}})
	check(t, err)
	s.post(h, "/v1/samples/compare", fmt.Sprintf(`{"commit": %q}`, tried), places)
	if answer := places["POST /v1/samples/compare"]; !strings.Contains(answer, `{"name":"channel","changed":`) || !strings.Contains(answer, `{"name":"customer","changed":`) {
		t.Errorf("samples are not compared: %s", answer)
	}
	for _, path := range []string{
		"/v1/state", "/metrics", "/healthz", "/readyz", "/v1/status", "/v1/touchpoints", "/v1/runs", "/v1/runs/1", "/v1/runs/2",
		"/v1/dead-letters", "/v1/dead-letters?touchpoint=orders", "/v1/records/orders/" + found[0].ID, "/v1/records/orders/unknown", "/openapi.json",
	} {
		places["GET "+path] = s.get(h, path)
	}
	if !strings.Contains(places["GET /v1/dead-letters"], "seen-refused") || !strings.Contains(places["GET /v1/records/orders/"+found[0].ID], "seen-1") {
		t.Errorf("traced fields are not shown: %s", places["GET /v1/dead-letters"])
	}
	s.stateFiles(places, "running ")
	s.stop()
	s.stateFiles(places, "stopped ")
	places["log"] = s.log.text()
	for where, text := range places {
		for what, canary := range canaries {
			if form := seeps(text, canary); form != "" {
				t.Errorf("the %s canary is in %s, as %s", what, where, form)
			}
		}
	}
}

// stateFiles adds every file of the state directory.
func (s *site) stateFiles(places map[string]string, prefix string) {
	s.t.Helper()
	check(s.t, filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) { // SQLite's own files come and go
			return nil
		}
		places[prefix+path] = string(text)
		return err
	}))
}
