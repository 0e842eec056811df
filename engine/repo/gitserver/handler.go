package gitserver

import (
	"compress/gzip"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

const (
	service = "git-upload-pack"
	// maxRequestBytes bounds a request: about 40,000 commits a client has.
	maxRequestBytes = 2 << 20
)

// Handler serves a repository to git. It looks only at the end of the path, so
// it may be mounted anywhere, such as below /acme.git/.
func Handler(r *Repository) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		switch {
		case strings.HasSuffix(req.URL.Path, "/info/refs"):
			serveRefs(r, w, req)
		case strings.HasSuffix(req.URL.Path, "/"+service):
			servePack(r, w, req)
		default:
			http.NotFound(w, req)
		}
	})
}

// RequireBasic lets only requests with this user and password through.
func RequireBasic(next http.Handler, user, password string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		u, p, ok := req.BasicAuth()
		if !ok || !equal(u, user) || !equal(p, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// RequireBearer lets only requests with this bearer token through.
func RequireBearer(next http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		got, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		if !ok || !equal(got, token) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="git"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// equal compares in a time that says nothing, not even the length.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// serveRefs answers what branches and tags there are.
func serveRefs(r *Repository, w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet {
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	if req.URL.Query().Get("service") != service {
		http.Error(w, "only git-upload-pack is served", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	e := pktline.NewEncoder(w)
	// An error here is the client gone: there is nobody to tell.
	_ = e.EncodeString("# service=" + service + "\n")
	_ = e.Flush()
	for _, line := range r.advertisement() {
		_ = e.EncodeString(line)
	}
	_ = e.Flush()
}

// servePack answers a request for commits.
func servePack(r *Repository, w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		http.Error(w, "use POST", http.StatusMethodNotAllowed)
		return
	}
	body := io.Reader(http.MaxBytesReader(w, req.Body, maxRequestBytes))
	if req.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, "the body is not gzip", http.StatusBadRequest)
			return
		}
		body = io.LimitReader(unzipped, maxRequestBytes)
	}
	ask, err := parseRequest(body)
	if err != nil {
		http.Error(w, "malformed request", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-"+service+"-result")
	answer, err := r.plan(ask)
	if err != nil {
		_ = pktline.NewEncoder(w).EncodeString(fmt.Sprintf("ERR upload-pack: %v\n", err))
		return
	}
	// An error here is the client gone: it sees the pack cut short.
	_ = r.send(w, ask, answer)
}
