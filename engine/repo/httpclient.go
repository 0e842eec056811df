package repo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	dialTimeout   = 15 * time.Second
	headerTimeout = 45 * time.Second
	// maxRedirects is enough for a host that adds .git or a slash.
	maxRedirects = 3
	// maxAdvertisedBytes bounds the list of branches: about 200,000 of them.
	maxAdvertisedBytes = 16 << 20
)

// errRedirect marks a redirect that is not followed.
var errRedirect = errors.New("redirected elsewhere")

// statusError is an answer that is not 200. The text of the answer is left
// out: it is whatever the server likes to write.
type statusError struct{ code int }

func (e *statusError) Error() string {
	return fmt.Sprintf("the server answered with status %d", e.code)
}

// newHTTPClient returns a client of the source's own: TLS 1.2 at least,
// redirects within one origin only, no cookies.
func newHTTPClient(caBundle []byte) (*http.Client, error) {
	roots, err := rootCAs(caBundle)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        90 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}, nil
}

// rootCAs returns the certificates to trust; nil means those of the system.
func rootCAs(bundle []byte) (*x509.CertPool, error) {
	if len(bundle) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, errors.New("the CA bundle holds no certificate in PEM form")
	}
	return pool, nil
}

// checkRedirect follows a redirect of the first request within the same origin
// and no other: the next host would get what only this one may see, and decide
// what the agent runs.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	same := next.URL.Scheme == first.URL.Scheme && next.URL.Host == first.URL.Host && next.URL.User == nil
	if !same || first.Method != http.MethodGet || len(via) > maxRedirects {
		return errRedirect
	}
	return nil
}

// send sends a request with the credentials and returns the body of a 200,
// bounded by max bytes. The caller closes it.
func (r *remote) send(ctx context.Context, req *http.Request, max int64) (io.ReadCloser, *url.URL, error) {
	req.Header.Set("User-Agent", "dray")
	if err := r.authorize(ctx, req); err != nil {
		return nil, nil, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, nil, &statusError{res.StatusCode}
	}
	return &boundedBody{body: res.Body, left: max, max: max}, res.Request.URL, nil
}

// authorize puts the credentials into a request.
func (r *remote) authorize(ctx context.Context, req *http.Request) error {
	if r.auth.isZero() {
		return nil
	}
	secret, err := r.auth.secret(ctx)
	if err != nil {
		return &Error{Kind: KindUsage, Repository: r.where, Message: "reading the credentials", Err: err}
	}
	if r.auth.bearer {
		req.Header.Set("Authorization", "Bearer "+secret)
		return nil
	}
	req.SetBasicAuth(r.auth.user, secret)
	return nil
}

// boundedBody fails once more than max bytes were read.
type boundedBody struct {
	body      io.ReadCloser
	left, max int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.passed()
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, b.passed()
	}
	return n, err
}

func (b *boundedBody) passed() error {
	return &limitError{fmt.Sprintf("the server sent more than the %d bytes allowed", b.max)}
}

func (b *boundedBody) Close() error { return b.body.Close() }
