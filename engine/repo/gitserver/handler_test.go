package gitserver_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/repo/gitserver"
)

func TestHandlerRefuses(t *testing.T) {
	r := gitserver.New()
	hash := commit(t, r, gitserver.Change{Files: map[string]string{"a": "1"}})
	h := gitserver.Handler(r)
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		answer                     string
	}{
		{"other path", "GET", "/acme.git/HEAD", "", 404, ""},
		{"pushing", "GET", "/acme.git/info/refs?service=git-receive-pack", "", 403, ""},
		{"no service", "GET", "/acme.git/info/refs", "", 403, ""},
		{"posting to the list", "POST", "/acme.git/info/refs?service=git-upload-pack", "", 405, ""},
		{"getting a pack", "GET", "/acme.git/git-upload-pack", "", 405, ""},
		{"nothing wanted", "POST", "/acme.git/git-upload-pack", "00000009done\n", 400, ""},
		{"not a hash", "POST", "/acme.git/git-upload-pack", "000fwant 1234\n0000", 400, ""},
		{"unknown line", "POST", "/acme.git/git-upload-pack", "0008nope0000", 400, ""},
		{"not in lines", "POST", "/acme.git/git-upload-pack", "nope", 400, ""},
		{"unknown filter", "POST", "/acme.git/git-upload-pack", "0032want " + hash + "\n0010filter x:1\n00000009done\n", 400, ""},
		{"depth of nothing", "POST", "/acme.git/git-upload-pack", "0032want " + hash + "\n000ddeepen 0\n00000009done\n", 400, ""},
		{"not our commit", "POST", "/acme.git/git-upload-pack", "0032want " + strings.Repeat("ab", 20) + "\n00000009done\n", 200, "ERR upload-pack: not our ref"},
		{"our commit", "POST", "/acme.git/git-upload-pack", "0032want " + hash + "\n00000009done\n", 200, "0008NAK\nPACK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(c.method, c.target, strings.NewReader(c.body)))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
				t.Errorf("status %d, want %d; body %.80q", w.Code, c.status, w.Body)
			}
		})
	}
}

func TestHandlerReadsGzip(t *testing.T) {
	r := gitserver.New()
	hash := commit(t, r, gitserver.Change{Files: map[string]string{"a": "1"}})
	for _, c := range []struct {
		name   string
		body   []byte
		status int
	}{
		{"gzip", zip(t, strings.NewReader("0032want "+hash+"\n00000009done\n")), 200},
		{"not gzip", []byte("0000"), 400},
		{"bomb", zip(t, io.LimitReader(zeros{}, 64<<20)), 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequest("POST", "/acme.git/git-upload-pack", bytes.NewReader(c.body))
			req.Header.Set("Content-Encoding", "gzip")
			w := httptest.NewRecorder()
			gitserver.Handler(r).ServeHTTP(w, req)
			if w.Code != c.status {
				t.Errorf("status %d, want %d; body %.80q", w.Code, c.status, w.Body)
			}
		})
	}
}

// zip compresses what a reader has.
func zip(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros reads as the digit 0, for ever.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestRequire(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	basic, bearer := gitserver.RequireBasic(ok, "ada", "s3cret"), gitserver.RequireBearer(ok, "t0ken")
	for _, c := range []struct {
		name    string
		handler http.Handler
		set     func(*http.Request)
		status  int
	}{
		{"basic", basic, func(r *http.Request) { r.SetBasicAuth("ada", "s3cret") }, 200},
		{"no credentials", basic, func(*http.Request) {}, 401},
		{"other user", basic, func(r *http.Request) { r.SetBasicAuth("eve", "s3cret") }, 401},
		{"other password", basic, func(r *http.Request) { r.SetBasicAuth("ada", "") }, 401},
		{"bearer", bearer, func(r *http.Request) { r.Header.Set("Authorization", "Bearer t0ken") }, 200},
		{"no token", bearer, func(*http.Request) {}, 401},
		{"other token", bearer, func(r *http.Request) { r.Header.Set("Authorization", "Bearer t0kens") }, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequest("GET", "/", nil)
			c.set(req)
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, req)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
		})
	}
}
