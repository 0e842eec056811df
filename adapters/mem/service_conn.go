package mem

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// ServiceApplication returns the application "mem-api", a client of a [Service]. Its config is {url}, its credential {token}.
func ServiceApplication() adapters.Application { return serviceApp{} }

type serviceApp struct{}

type serviceConfig struct {
	URL string `json:"url"`
}

// Spec implements [adapters.Application].
func (serviceApp) Spec() adapters.Spec {
	return adapters.Spec{
		Name: "mem-api", Description: "A client of a small JSON API, for tests.", Schema: "#Config: close({url: string})\n",
		Secrets: []adapters.SecretField{{Name: "token", Description: "bearer token", Required: true}},
		Hosts:   true,
		Endpoint: func(config json.RawMessage) (string, error) {
			var c serviceConfig
			err := json.Unmarshal(config, &c)
			return c.URL, err
		},
	}
}

// Open implements [adapters.Application].
func (serviceApp) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	var c serviceConfig
	if err := json.Unmarshal(settings.Config, &c); err != nil {
		return nil, &adapters.ConfigError{Message: "config is not an object"}
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" {
		return nil, &adapters.ConfigError{Path: []string{"config", "url"}, Message: "not an http URL"}
	}
	token, _ := env.Secrets.Get("token")
	return &serviceConn{base: strings.TrimSuffix(c.URL, "/"), token: token, env: env}, ctx.Err()
}

type serviceConn struct {
	base   string
	token  adapters.Secret
	env    adapters.Env
	closed atomic.Bool
}

var (
	_ adapters.Source      = (*serviceConn)(nil)
	_ adapters.Destination = (*serviceConn)(nil)
)

func (c *serviceConn) Check(ctx context.Context) (string, error) {
	if _, _, err := c.do(ctx, "connecting", http.MethodGet, "/items", nil); err != nil {
		return "", err
	}
	return "items at " + c.base, nil
}

func (c *serviceConn) Close(context.Context) error {
	c.closed.Store(true)
	return nil
}

func (c *serviceConn) Describe(_ context.Context, object string) (adapters.Object, error) {
	if c.closed.Load() {
		return adapters.Object{}, adapters.ErrClosed
	}
	if object != "items" {
		return adapters.Object{}, &adapters.Error{Kind: adapters.NotFound, Op: "describing", Object: object}
	}
	return adapters.Object{
		Name: "items", Key: path("id"), Version: path("rev")[0], Cursor: path("rev", "id"),
		Reads:  []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
		Finds:  [][]string{{"id"}},
		Writes: []adapters.WriteMode{adapters.WriteCreate, adapters.WriteUpsert},
	}, nil
}

func (c *serviceConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	o, err := c.Describe(ctx, req.Object)
	if err != nil {
		return nil, err
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	if !o.CanRead(req.Mode) {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "unknown read mode"}
	}
	if req.By != nil && (len(req.By) != 1 || req.By[0] != "id") {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "records are found by the object's key only"}
	}
	r := &serviceReader{conn: c, mode: req.Mode, after: string(req.From), keys: req.Keys}
	if req.From != nil && (req.Mode == adapters.ReadIncremental) != strings.Contains(r.after, "/") {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "unreadable cursor"}
	}
	return r, nil
}

func (c *serviceConn) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	o, err := c.Describe(ctx, req.Object)
	if err != nil {
		return nil, err
	}
	if !o.CanWrite(req.Mode) {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: req.Object, Rule: "unknown write mode"}
	}
	return &serviceWriter{conn: c, mode: req.Mode}, nil
}

// do sends one request. The error of a request that was sent and not answered has kind UnknownOutcome when it could have changed something.
func (c *serviceConn) do(ctx context.Context, op, method, path string, body []byte) (status int, answer []byte, err error) {
	if c.closed.Load() {
		return 0, nil, adapters.ErrClosed
	}
	release, err := c.env.Limiter.Acquire(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer release()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	resp, err := c.env.HTTP.RoundTrip(req)
	if err == nil {
		defer func() { _ = resp.Body.Close() }() // it was only read
		answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<24))
	}
	if err != nil {
		return 0, nil, c.failure(ctx, op, method, err)
	}
	return resp.StatusCode, answer, statusError(op, resp.StatusCode, answer)
}

func (c *serviceConn) failure(ctx context.Context, op, method string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	kind := adapters.Unavailable
	if ne, ok := errors.AsType[*net.OpError](err); method != http.MethodGet && (!ok || ne.Op != "dial") {
		kind = adapters.UnknownOutcome
	}
	return &adapters.Error{Kind: kind, Op: op, Object: "items", Err: err}
}

func statusError(op string, status int, answer []byte) error {
	e := &adapters.Error{Op: op, Object: "items", Detail: adapters.NewUntrusted(string(answer))}
	switch {
	case status < 300:
		return nil
	case status == http.StatusUnauthorized:
		e.Kind = adapters.Unauthorized
	case status == http.StatusNotFound:
		e.Kind = adapters.NotFound
	case status == http.StatusConflict:
		e.Kind = adapters.Duplicate
	case status >= 500:
		e.Kind = adapters.Unavailable
	default:
		e.Kind, e.Rule = adapters.Invalid, "status "+http.StatusText(status)
	}
	return e
}

// serviceReader follows pages.
type serviceReader struct {
	conn   *serviceConn
	mode   adapters.ReadMode
	after  string
	keys   [][]record.Value
	closed bool
}

func (r *serviceReader) Next(ctx context.Context, b *record.Batch) error {
	if r.closed {
		return adapters.ErrClosed
	}
	b.Reset(nil)
	if r.mode == adapters.ReadKeys {
		return r.nextKey(ctx, b)
	}
	order := "id"
	if r.mode == adapters.ReadIncremental {
		order = "rev"
	}
	_, answer, err := r.conn.do(ctx, "reading", http.MethodGet, "/items?order="+order+"&after="+url.QueryEscape(r.after), nil)
	if err != nil {
		return err
	}
	var page struct {
		Items []json.RawMessage `json:"items"`
		Next  string            `json:"next"`
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		return &adapters.Error{Kind: adapters.Internal, Op: "reading", Object: "items", Rule: "answer is not JSON", Err: err}
	}
	if len(page.Items) == 0 {
		return io.EOF
	}
	for _, doc := range page.Items {
		b.AppendDoc(doc)
	}
	r.after, b.Safe = page.Next, record.Cursor(page.Next)
	return nil
}

func (r *serviceReader) nextKey(ctx context.Context, b *record.Batch) error {
	for len(r.keys) > 0 {
		_, doc, err := r.conn.do(ctx, "reading", http.MethodGet, "/items/"+url.PathEscape(r.keys[0][0].Text()), nil)
		if err != nil && adapters.KindOf(err) != adapters.NotFound {
			return err
		}
		r.keys = r.keys[1:]
		if err == nil {
			b.AppendDoc(doc)
			return nil
		}
	}
	return io.EOF
}

func (r *serviceReader) Ack(context.Context, record.Cursor) error { return nil }

func (r *serviceReader) Close(context.Context) error {
	r.closed = true
	return nil
}

// serviceWriter sends one request for each record.
type serviceWriter struct {
	conn   *serviceConn
	mode   adapters.WriteMode
	closed bool
}

func (w *serviceWriter) Encoding() record.Encoding { return record.Documents }

func (w *serviceWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.closed {
		return adapters.ErrClosed
	}
	for i := range out {
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(b.Doc(i), &doc); err != nil {
			return err
		}
		id := textMember(doc, "id")
		method, path := http.MethodPost, "/items"
		if w.mode == adapters.WriteUpsert {
			method, path = http.MethodPatch, "/items/"+url.PathEscape(id)
		}
		status, _, err := w.conn.do(ctx, "writing", method, path, b.Doc(i))
		if out[i], err = outcomeOf(status, err); err != nil {
			return err
		}
		out[i].ID = record.StringValue(id)
	}
	return nil
}

// outcomeOf sorts an answer. Its error stops the batch.
func outcomeOf(status int, err error) (adapters.Outcome, error) {
	e, operational := errors.AsType[*adapters.Error](err)
	switch {
	case err == nil && status == http.StatusCreated:
		return adapters.Outcome{Result: adapters.Created}, nil
	case err == nil:
		return adapters.Outcome{Result: adapters.Updated}, nil
	case operational && (e.Kind == adapters.Invalid || e.Kind == adapters.Duplicate):
		return adapters.Outcome{Result: adapters.Rejected, Err: e}, nil
	case operational && e.Kind != adapters.UnknownOutcome:
		return adapters.Outcome{}, err
	default:
		return adapters.Outcome{Result: adapters.Unknown}, err
	}
}

func (w *serviceWriter) Close(context.Context) error {
	w.closed = true
	return nil
}
