// Package demo tells Dray's story on one screen: a shop, a git repository, an agent and an ERP, all on this machine, nothing to
// install, and no network but loopback.
package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/examples"
)

// example is the repository that is told about.
const example = "shop-to-erp"

// Options vary the demonstration.
type Options struct {
	Out      io.Writer
	Registry *adapters.Registry
	Stay     bool // go on until ctx ends
	Version  string
}

// patience is how long one step of the story may take.
const patience = 20 * time.Second

// Run tells the story and cleans up after itself.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "dray-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &stage{options: o, dir: dir, git: gitserver.New(), files: map[string]string{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	if err := s.build(ctx, g); err != nil {
		cancel()
		return errors.Join(err, g.Wait())
	}
	told := s.tell(ctx)
	if told == nil && o.Stay {
		s.say("\nStaying until you press Ctrl-C. Ask the agent:\n  dray get status --agent %s\n  dray why orders 1001 --agent %s", s.socket(), s.socket())
		<-ctx.Done()
	}
	cancel()
	return errors.Join(told, g.Wait())
}

// stage holds everything the story needs.
type stage struct {
	options Options
	dir     string
	shop    *shop
	git     *gitserver.Repository
	files   map[string]string // the configuration as committed last
	engine  *engine.Engine
	started chan struct{}
	erp     *sql.DB
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.options.Out, format+"\n", args...) }

func (s *stage) socket() string { return filepath.Join(s.dir, "state", "agent.sock") }

// serve answers HTTP on a free port of this machine until ctx ends, and returns its URL.
func serve(ctx context.Context, g *errgroup.Group, h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	g.Go(func() error { return api.Serve(ctx, l, h) })
	return "http://" + l.Addr().String(), nil
}

// build opens the shop, the ERP and the repository, and starts the agent.
func (s *stage) build(ctx context.Context, g *errgroup.Group) error {
	const token = "demo-token-of-the-shop"
	s.shop = newShop(token, 120, time.Now().Add(-time.Hour))
	shopURL, err := serve(ctx, g, s.shop)
	if err != nil {
		return err
	}
	gitURL, err := serve(ctx, g, gitserver.Handler(s.git))
	if err != nil {
		return err
	}
	if err := s.createERP(ctx); err != nil {
		return err
	}
	identity, err := secret.GenerateAgent(secret.Hybrid)
	if err != nil {
		return err
	}
	if err := s.writeFiles(shopURL, token, identity); err != nil {
		return err
	}
	s.say("1. A shop with 120 orders answers at %s; the ERP is an SQLite file.", shopURL)
	s.say("2. A git repository at %s/acme.git holds the configuration; the shop's token is in it, encrypted to the agent.", gitURL)
	return s.startAgent(ctx, g, gitURL+"/acme.git", identity)
}

func (s *stage) createERP(ctx context.Context) error {
	var err error
	// Whoever else has the database waits its turn: the agent switches it to the write-ahead log at its first write.
	if s.erp, err = sql.Open("sqlite", filepath.Join(s.dir, "erp.db")+"?_pragma=busy_timeout(10000)"); err != nil {
		return err
	}
	_, err = s.erp.ExecContext(ctx, `CREATE TABLE sales (external_ref TEXT PRIMARY KEY, customer TEXT NOT NULL, country TEXT NOT NULL, currency TEXT NOT NULL, total TEXT NOT NULL, channel TEXT NOT NULL)`)
	return err
}

// writeFiles makes the first commit: the example, with keys and a credential made for this run.
func (s *stage) writeFiles(shopURL, token string, identity *secret.Identity) error {
	here := strings.NewReplacer("http://127.0.0.1:8080", shopURL, "/var/lib/erp/erp.db", filepath.ToSlash(filepath.Join(s.dir, "erp.db")))
	err := fs.WalkDir(examples.Files, example, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := examples.Files.ReadFile(path)
		s.files[strings.TrimPrefix(path, example+"/")] = here.Replace(string(text))
		return err
	})
	if err != nil {
		return err
	}
	recipients := []secret.Recipient{identity.Public().Recipient}
	ring, err := secret.CreateRing("demo", recipients, time.Now())
	if err != nil {
		return err
	}
	ringFile, err := ring.File().Encode()
	if err != nil {
		return err
	}
	bind, err := secret.ParseBindings([]string{shopURL})
	if err != nil {
		return err
	}
	credential, err := secret.CreateCredential("demo-integrations", secret.Envelope{
		Name: "shop", Application: "demo-shop", Bind: bind, TLS: secret.TLS{ClearText: "the shop of the demonstration is on this machine"},
		Use: secret.UseAgent, Environments: []string{"demo"}, Recipients: recipients,
	}, secret.Values{"token": secret.NewValue(token)}, time.Now())
	if err != nil {
		return err
	}
	credentialFile, err := credential.Encode()
	if err != nil {
		return err
	}
	s.files["keys/demo.yaml"], s.files["credentials/shop.yaml"] = string(ringFile), string(credentialFile)
	s.files["agents/demo.yaml"] = fmt.Sprintf("apiVersion: dray/v1\nkind: Agent\nmetadata: {name: demo}\nspec:\n  recipient: %s\n  signer: %s\n  environments: [demo]\n",
		identity.Public().Recipient, identity.Public().Signer)
	_, err = s.commit("orders go from the shop to the ERP", s.files)
	return err
}

func (s *stage) commit(message string, changed map[string]string) (string, error) {
	maps.Copy(s.files, changed)
	return s.git.Commit(gitserver.Change{Message: message, Author: "Integration Engineer", Email: "integrations@acme.example", Files: changed})
}

func (s *stage) startAgent(ctx context.Context, g *errgroup.Group, url string, identity *secret.Identity) error {
	source, err := repo.Open(repo.Options{URL: url, Branch: "main"})
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "agent.log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.started = make(chan struct{})
	s.engine, err = engine.New(engine.Options{
		Source: source, Repository: url, Environment: "demo", Identity: identity, StateDir: filepath.Join(s.dir, "state"),
		Registry: s.options.Registry, Egress: connect.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		AllowPaths: []connect.AllowedPath{{Dir: s.dir, Write: true}}, Interval: time.Second,
		Log: hclog.New(&hclog.LoggerOptions{Name: "dray", Level: hclog.Debug, Output: log}),
		Serve: []func(context.Context, *engine.Engine) error{func(ctx context.Context, e *engine.Engine) error {
			l, err := api.ListenUnix(s.socket())
			if err != nil {
				return err
			}
			close(s.started)
			return api.Serve(ctx, l, api.New(e, s.options.Version))
		}},
	})
	if err != nil {
		return err
	}
	g.Go(func() error { return errors.Join(s.engine.Run(ctx), log.Close(), s.erp.Close()) })
	select {
	case <-s.started:
		return nil
	case <-ctx.Done():
		return errors.New("the agent did not start")
	case <-time.After(patience):
		return errors.New("the agent did not start in time")
	}
}

// until waits for a condition that is looked at again and again.
func until(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

// rows counts the sales in the ERP.
func (s *stage) rows(ctx context.Context, where string) (n int, err error) {
	err = s.erp.QueryRowContext(ctx, "SELECT count(*) FROM sales WHERE "+where).Scan(&n)
	return n, err
}

// attempted waits until the agent has judged a commit, and returns what it says.
func (s *stage) attempted(ctx context.Context, commit string) (reconcile.Status, error) {
	var status reconcile.Status
	err := until(ctx, "the agent to see the commit", func() (bool, error) {
		status = s.engine.Status()
		return strings.HasSuffix(status.LastAttemptedRevision, commit), nil
	})
	return status, err
}
