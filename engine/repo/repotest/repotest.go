// Package repotest gives tests a git server on this machine, without git.
//
// It owns the life of the server and its misbehaviour on demand; what it
// serves is a [gitserver.Repository]. The entry point is [NewServer].
package repotest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/dray-sync/dray/engine/repo/gitserver"
)

// Options change what a server asks of its clients. The zero value serves
// everyone over plain http.
type Options struct {
	// User and Password, where given, must be sent as basic authentication.
	User, Password string
	// Token, where given, must be sent as a bearer token.
	Token string
	// TLS serves https with a certificate that [Server.CABundle] vouches for.
	TLS bool
}

// A Server is a git server with one repository. It is safe for concurrent use.
type Server struct {
	// Repo is the repository served.
	Repo *gitserver.Repository
	// URL is where it is served.
	URL string

	t    testing.TB
	http *httptest.Server

	mu     sync.Mutex
	down   bool
	status int
	counts Counts
}

// Counts are how many requests a server has had.
type Counts struct {
	// Refs are requests for the list of branches.
	Refs int
	// Packs are requests for commits and files.
	Packs int
}

// NewServer starts a server that stops with the test. It listens on a port of
// its own on 127.0.0.1.
func NewServer(t testing.TB, options ...Options) *Server {
	t.Helper()
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	s := &Server{Repo: gitserver.New(), t: t}
	handler := gitserver.Handler(s.Repo)
	if o.User != "" {
		handler = gitserver.RequireBasic(handler, o.User, o.Password)
	}
	if o.Token != "" {
		handler = gitserver.RequireBearer(handler, o.Token)
	}
	mux := http.NewServeMux()
	mux.Handle("/acme.git/", s.watch(handler))
	s.http = httptest.NewUnstartedServer(mux)
	// Clients that distrust the certificate are part of the tests.
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	if o.TLS {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	t.Cleanup(s.http.Close)
	s.URL = s.http.URL + "/acme.git"
	return s
}

// watch counts requests and misbehaves as told.
func (s *Server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		down, status := s.down, s.status
		if strings.HasSuffix(req.URL.Path, "/info/refs") {
			s.counts.Refs++
		} else {
			s.counts.Packs++
		}
		s.mu.Unlock()
		switch {
		case down:
			panic(http.ErrAbortHandler) // drops the connection without an answer
		case status != 0:
			http.Error(w, "told to fail", status)
		default:
			next.ServeHTTP(w, req)
		}
	})
}

// Commit writes files, by path, on the default branch, and returns the commit.
// An empty content is an empty file; see [Server.Change] for all else.
func (s *Server) Commit(files map[string]string, message string) string {
	s.t.Helper()
	return s.Change(gitserver.Change{Files: files, Message: message})
}

// Change makes a commit and returns it.
func (s *Server) Change(c gitserver.Change) string {
	s.t.Helper()
	commit, err := s.Repo.Commit(c)
	if err != nil {
		s.t.Fatalf("commit: %v", err)
	}
	return commit
}

// Down makes the server drop every connection until [Server.Up].
func (s *Server) Down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
}

// Up makes the server answer again.
func (s *Server) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.status = false, 0
}

// Fail makes the server answer everything with an HTTP status until
// [Server.Up].
func (s *Server) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Counts returns how many requests there were.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// CABundle returns the certificate of a server with TLS, in PEM form.
func (s *Server) CABundle() []byte {
	s.t.Helper()
	if s.http.Certificate() == nil {
		s.t.Fatal("the server has no TLS")
	}
	return pemCertificate(s.http.Certificate().Raw)
}
