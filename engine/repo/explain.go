package repo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// explain turns whatever went wrong into an [*Error] that says how to mend it.
func (r *remote) explain(ctx context.Context, err error) error {
	e := &Error{Repository: r.where}
	var (
		known  *Error
		limit  *limitError
		status *statusError
	)
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.Message, e.Err = KindCanceled, "interrupted", context.Canceled
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Message = KindUnreachable, fmt.Sprintf("no complete answer within %s", r.timeout)
		e.Hint, e.Err = "the network or the server is slow", nil
	case errors.As(err, &limit):
		e.Kind, e.Message = KindTooLarge, limit.message
		e.Hint = "keep only configuration in this repository"
	case errors.As(err, &status):
		r.explainStatus(e, status.code)
	case errors.Is(err, errRedirect):
		e.Kind, e.Message = KindInsecure, "the server sends on to another place, which is not followed"
		e.Hint = "give the URL where the repository is now"
	case errors.Is(err, errEmpty):
		e.Kind, e.Message, e.Hint = KindEmpty, "it has no commit yet", "push one"
	case errors.Is(err, errNotGit):
		e.Kind, e.Message = KindNotFound, errNotGit.Error()
		e.Hint = "check the URL; a login page in between is a common cause"
	case errors.Is(err, errRefused):
		e.Kind, e.Message = KindInvalid, err.Error()
	default:
		explainTransport(e, err)
	}
	return e
}

// explainStatus explains an HTTP status.
func (r *remote) explainStatus(e *Error, code int) {
	e.Message = (&statusError{code}).Error()
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Kind = KindUnauthorized
		e.Message, e.Hint = "the server refused the credentials", "check that they are current and may read this repository"
		if r.auth.isZero() {
			e.Message, e.Hint = "the server asks for credentials and none are given", "give a user and a file with the token"
		}
	case http.StatusNotFound, http.StatusGone:
		e.Kind, e.Message = KindNotFound, "there is no repository here"
		e.Hint = "check the URL, and that the credentials may read it: hosts answer the same to strangers"
		if r.auth.isZero() {
			e.Hint = "check the URL; a private repository needs credentials: hosts answer the same to strangers"
		}
	default:
		e.Kind = KindInvalid
		if code >= 500 || code == http.StatusTooManyRequests {
			e.Kind, e.Hint = KindUnreachable, "the server is in trouble; it is worth trying again"
		}
	}
}

// explainTransport explains an answer that did not come or broke off.
func explainTransport(e *Error, err error) {
	var (
		certificate *tls.CertificateVerificationError
		request     *url.Error
		network     *net.OpError
		dns         *net.DNSError
	)
	switch {
	case errors.As(err, &certificate):
		e.Kind, e.Message, e.Err = KindUnreachable, "its certificate is not trusted", certificate.Err
		e.Hint = "give the CA bundle that signed it"
	case errors.As(err, &dns):
		e.Kind, e.Message = KindUnreachable, fmt.Sprintf("the host name %q is not found", dns.Name)
		e.Hint = "check the URL and the name server"
	case errors.As(err, &request):
		e.Kind, e.Message, e.Err = KindUnreachable, "no answer", ownText(request.Err)
		e.Hint = "check that the host is up and that this machine may reach it"
	case errors.As(err, &network):
		e.Kind, e.Message, e.Err = KindUnreachable, "the connection broke", network
	default:
		e.Kind, e.Message = KindInvalid, "the git data is damaged or cut short"
		if errors.Is(err, errDamaged) {
			e.Err = err
		}
	}
}

// ownText returns the part of an error that says what happened in words of
// this machine, or nil: other errors quote what the server wrote.
func ownText(err error) error {
	var (
		network *net.OpError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &network):
		return network
	case errors.As(err, &record):
		return errors.New("it does not speak TLS")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it closed the connection")
	case errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("it speaks http, not https")
	}
	return nil
}

// explainCommit is explain for a request that named a commit.
func (r *remote) explainCommit(ctx context.Context, err error, commit plumbing.Hash) error {
	if errors.Is(err, errRefused) {
		return commitNotFound(r.where, commit.String())
	}
	return r.explain(ctx, err)
}

func commitNotFound(where, rev string) error {
	return &Error{
		Kind: KindCommitNotFound, Repository: where,
		Message: fmt.Sprintf("there is no commit %q", rev),
		Hint:    "it may have been removed by a rewrite of the history",
	}
}

// maxBranchesShown keeps a message readable.
const maxBranchesShown = 8

// branchNotFound lists what there is and proposes the nearest.
func branchNotFound(where, name string, there []string) error {
	e := &Error{Kind: KindBranchNotFound, Repository: where}
	e.Message = fmt.Sprintf("branch %q does not exist", shortName(name))
	if len(there) == 0 {
		e.Message += "; there are no branches"
		return e
	}
	shown := make([]string, 0, maxBranchesShown)
	for _, b := range there[:min(len(there), maxBranchesShown)] {
		shown = append(shown, printable(b))
	}
	e.Message += "; branches there: " + strings.Join(shown, ", ")
	if more := len(there) - len(shown); more > 0 {
		e.Message += fmt.Sprintf(" and %d more", more)
	}
	if near := nearest(shortName(name), there); near != "" {
		e.Hint = "use --branch " + printable(near)
	}
	return e
}

// nearest returns the name that a typing slip could have meant, the only name
// there is, or nothing.
func nearest(name string, there []string) string {
	best, bestDistance := "", len(name)/3+2
	for _, candidate := range there {
		if d := distance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	if best == "" && len(there) == 1 {
		return there[0]
	}
	return best
}

// distance counts the letters to change, add, drop or swap to make b from a.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 100 || len(y) > 100 {
		return 100
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// rootCause drops the path a file error repeats.
func rootCause(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
