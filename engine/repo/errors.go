package repo

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of trouble an [Error] reports. Kinds are only ever
// added.
type Kind int

// The kinds of trouble with a repository.
const (
	// KindInternal is trouble of no other kind.
	KindInternal Kind = iota
	// KindUsage means the options cannot be right: a URL that does not parse,
	// holds a password, or has a scheme that is not served.
	KindUsage
	// KindInsecure means that going on would not be safe: plain http, or a
	// redirect to another host.
	KindInsecure
	// KindUnreachable means no answer: no name, no route, no TLS, no time, or
	// a server in trouble. Trying again may help.
	KindUnreachable
	// KindUnauthorized means the server wants other credentials.
	KindUnauthorized
	// KindNotFound means there is no git repository there.
	KindNotFound
	// KindBranchNotFound means the repository has no such branch or tag.
	KindBranchNotFound
	// KindCommitNotFound means the repository has no such commit any more.
	KindCommitNotFound
	// KindEmpty means the repository has no commit at all.
	KindEmpty
	// KindTooLarge means a limit was passed.
	KindTooLarge
	// KindInvalid means the answer, or the repository, is damaged.
	KindInvalid
	// KindRewritten means the branch went somewhere that does not follow from
	// where it was.
	KindRewritten
	// KindCanceled means the caller gave up first.
	KindCanceled
)

// An Error is trouble with one repository. Its text holds no credentials and
// nothing a server wrote.
type Error struct {
	// Kind is what the caller decides by.
	Kind Kind
	// Repository is the URL or path, without user and password.
	Repository string
	// Message says what is wrong.
	Message string
	// Hint says how to mend it; empty when nobody can know.
	Hint string
	// Err is the cause; nil where there is none worth telling.
	Err error
}

// Error returns one line: where, what, and how to mend it.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "repository %s: %s", e.Repository, e.Message)
	if e.Err != nil {
		b.WriteString(": " + printable(e.Err.Error()))
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "; %s", e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first [Error] in the chain of err, and
// KindInternal where there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// limitError says which limit was passed; a source turns it into an [Error].
type limitError struct{ message string }

func (e *limitError) Error() string { return e.message }
