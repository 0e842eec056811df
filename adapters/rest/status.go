package rest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
)

// longestWait caps what the other side may make us wait.
const longestWait = time.Hour

// judge returns the error that a status means, or nil for a success.
func (c *client) judge(q request, a answer) error {
	if a.status >= 200 && a.status < 300 || a.status == http.StatusNotModified {
		return nil
	}
	e := &adapters.Error{
		Op: q.op, Object: q.object, Rule: fmt.Sprintf("status %d", a.status), Detail: adapters.NewUntrusted(string(a.body[:min(len(a.body), 4096)])),
	}
	switch s := a.status; {
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusProxyAuthRequired:
		e.Kind = adapters.Unauthorized
	case s == http.StatusNotFound, s == http.StatusGone:
		e.Kind = adapters.NotFound
	case s == http.StatusConflict, s == http.StatusPreconditionFailed, s == http.StatusPreconditionRequired:
		e.Kind = adapters.Conflict
	case s == http.StatusPaymentRequired:
		e.Kind, e.Until = adapters.QuotaExhausted, c.env.Clock.Now().Add(longestWait)
	case s == http.StatusTooManyRequests:
		e.Kind, e.After = adapters.RateLimited, c.wait(a.header)
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusLocked, s == http.StatusServiceUnavailable:
		e.Kind, e.After = adapters.Unavailable, c.wait(a.header)
	case s >= 500 && q.writes:
		e.Kind = adapters.UnknownOutcome // it broke at some point, perhaps after the write
	case s >= 500:
		e.Kind = adapters.Unavailable
	case s >= 300 && s < 400:
		e.Kind, e.Rule = adapters.Invalid, e.Rule+": redirects are not followed; say the final URL"
	default:
		e.Kind = adapters.Invalid
	}
	return e
}

// wait reads Retry-After, in seconds or as a date, which is measured by the other side's clock where it tells that.
func (c *client) wait(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var d time.Duration
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds < longestWait.Seconds() {
		d = time.Duration(seconds * float64(time.Second))
	} else if err == nil {
		d = longestWait
	} else if at, err := http.ParseTime(text); err == nil {
		now, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			now = c.env.Clock.Now()
		}
		d = at.Sub(now)
	}
	return min(max(d, 0), longestWait)
}
