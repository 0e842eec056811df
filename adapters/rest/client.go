package rest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dray-sync/dray/adapters"
)

// A client sends the requests of one connection. Safe for concurrent use.
type client struct {
	env     adapters.Env
	base    *url.URL
	auth    authDeclaration
	headers map[string]string
	timeout time.Duration
	most    int64 // bytes of one answer
}

// A request to be sent.
type request struct {
	method  string
	url     *url.URL
	body    []byte // nil: none
	op      string // for errors
	object  string
	writes  bool              // it may change something
	headers map[string]string // beside those of all requests
}

// An answer that came in whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// at returns the URL of an escaped path below the base.
func (c *client) at(path string) *url.URL {
	u := *c.base
	joined := strings.TrimRight(u.EscapedPath(), "/") + path
	if plain, err := url.PathUnescape(joined); err == nil {
		u.Path, u.RawPath = plain, joined
	} else {
		u.Path, u.RawPath = joined, ""
	}
	return &u
}

// send sends a request and reads the answer. A status other than a success, and 304, is an [adapters.Error]; so is everything
// that goes wrong on the way. Kind UnknownOutcome means that a write may have happened.
func (c *client) send(ctx context.Context, q request) (answer, error) {
	done, err := c.env.Limiter.Acquire(ctx)
	if err != nil {
		return answer{}, c.failure(ctx, q, err, false)
	}
	defer done()
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var out sentinel
	r, err := c.build(out.trace(within), q, &out)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.env.HTTP.RoundTrip(r)
	if err != nil {
		return answer{}, c.failure(ctx, q, err, out.sent())
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.most+1))
	a := answer{status: resp.StatusCode, header: resp.Header, body: body}
	if failed := c.judge(q, a); failed != nil {
		return a, failed
	}
	if q.writes {
		return a, nil // done; what the rest of the answer would have said is not needed
	}
	if err != nil {
		return a, c.failure(ctx, q, err, true)
	}
	if int64(len(body)) > c.most {
		return a, unfit(q.op, q.object, fmt.Sprintf("an answer of more than %d bytes; ask for smaller pages", c.most))
	}
	a.body = bytes.TrimPrefix(a.body, []byte("\xef\xbb\xbf"))
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified || len(bytes.TrimSpace(a.body)) == 0 {
		a.body = nil
		return a, nil
	}
	if !json.Valid(a.body) {
		return a, &adapters.Error{
			Kind: adapters.Unavailable, Op: q.op, Object: q.object, Rule: "answer is not JSON", Detail: adapters.NewUntrusted(string(a.body[:min(len(a.body), 4096)])),
		}
	}
	return a, nil
}

func (c *client) build(ctx context.Context, q request, out *sentinel) (*http.Request, error) {
	u := *q.url
	if c.auth.Kind == "apiKey" && c.auth.Query != "" {
		key, _ := c.env.Secrets.Get("key")
		values := u.Query()
		values.Set(c.auth.Query, key.Reveal())
		u.RawQuery = values.Encode()
	}
	r := (&http.Request{
		Method: q.method, URL: &u, Host: u.Host, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "dray")
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = int64(len(q.body))
		r.Body = &watched{Reader: bytes.NewReader(q.body), out: out}
		r.GetBody = func() (io.ReadCloser, error) { return &watched{Reader: bytes.NewReader(q.body), out: out}, nil }
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	for name, value := range q.headers {
		r.Header.Set(name, value)
	}
	return r, c.authorize(r)
}

func (c *client) authorize(r *http.Request) error {
	secret := func(field string) string {
		s, _ := c.env.Secrets.Get(field)
		return s.Reveal()
	}
	switch {
	case c.auth.Kind == "basic":
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret("username")+":"+secret("password"))))
	case c.auth.Kind == "bearer":
		r.Header.Set("Authorization", "Bearer "+secret("token"))
	case c.auth.Kind == "apiKey" && c.auth.Header != "":
		r.Header.Set(c.auth.Header, c.auth.Prefix+secret("key"))
	}
	return nil
}

// failure sorts an error that is no answer.
func (c *client) failure(ctx context.Context, q request, err error, sent bool) error {
	if e, ok := errors.AsType[*adapters.Error](err); ok {
		return e // the engine's rules about where requests may go
	}
	if e, ok := errors.AsType[*adapters.ConfigError](err); ok {
		return e
	}
	e := &adapters.Error{Kind: adapters.Unavailable, Op: q.op, Object: q.object, Rule: "cannot be reached", Detail: adapters.NewUntrusted(c.withoutQuery(err))}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		sent = false
	}
	switch {
	case q.writes && sent:
		e.Kind, e.Rule = adapters.UnknownOutcome, "sent, but no answer came"
	case ctx.Err() != nil:
		e.Kind, e.Rule, e.Err = adapters.Canceled, "", ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		e.Rule = "no answer within " + c.timeout.String()
	}
	return e
}

// withoutQuery keeps an API key in a URL out of the error's detail.
func (c *client) withoutQuery(err error) string {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return err.Error()
}

// A sentinel watches whether a request left: it did once a connection was had or the body was looked at.
type sentinel struct{ left atomic.Bool }

func (s *sentinel) sent() bool { return s.left.Load() }

func (s *sentinel) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { s.left.Store(true) }})
}

// watched tells the sentinel when a body is read.
type watched struct {
	io.Reader
	out *sentinel
}

// Read reads the body.
func (w *watched) Read(p []byte) (int, error) {
	w.out.left.Store(true)
	return w.Reader.Read(p)
}

// Close does nothing.
func (w *watched) Close() error { return nil }
