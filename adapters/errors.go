package adapters

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind sorts operational errors. It alone decides what the engine does.
type Kind uint8

// The kinds of error, with what each leads to. Append only: they are stored.
const (
	Internal         Kind = iota // a bug, or an error nobody sorted: the run fails
	Invalid                      // the record or request is wrong and will stay so: set the record aside
	NotFound                     // what was asked for is not there
	Conflict                     // somebody changed it meanwhile: read again, then retry
	Duplicate                    // it exists already
	MissingReference             // something it refers to is not there (yet): set aside, retry later
	Ambiguous                    // several where one was expected: set aside
	Unauthorized                 // the credential is refused: pause the connection
	RateLimited                  // too fast: wait as told, at no cost
	QuotaExhausted               // no more for a while: pause the connection until then
	Unavailable                  // not reachable or overloaded: retry with backoff
	UnknownOutcome               // sent, no answer: look up before repeating
	Canceled                     // we stopped it ourselves
)

var kindNames = [...]string{
	"Internal", "Invalid", "NotFound", "Conflict", "Duplicate", "MissingReference", "Ambiguous", "Unauthorized",
	"RateLimited", "QuotaExhausted", "Unavailable", "UnknownOutcome", "Canceled",
}

// String returns the kind's name, as logs, metrics and the API show it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Temporary reports whether trying the same again later can succeed.
func (k Kind) Temporary() bool {
	switch k {
	case RateLimited, QuotaExhausted, Unavailable, Conflict:
		return true
	default:
		return false
	}
}

// An Error is an operational error. Its text holds no record content and no secret: Op, Object, Field and Rule are names from
// configuration or of Dray's own, Detail is withheld from printing.
type Error struct {
	Kind   Kind
	Op     string        // what was being done: "reading", "writing", "connecting"
	Object string        // the object's name, when there is one
	Field  string        // the field at fault, when it is known and named in configuration
	Rule   string        // what was violated, in our words: "unique", "not null", "status 422"
	After  time.Duration // RateLimited: how long to wait; zero when not told
	Until  time.Time     // QuotaExhausted: when it ends; zero when not told
	Detail Untrusted     // what the other side said
	Err    error         // what lies beneath, for errors.Is and As; never printed
}

// Error returns the error as one line without content.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Object != "" {
		fmt.Fprintf(&b, " %q", e.Object)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, ", field %q", e.Field)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Kind.String())
	if e.Rule != "" {
		b.WriteString(": " + e.Rule)
	}
	return b.String()
}

// Unwrap returns what lies beneath.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first [Error] in err's tree, Invalid for a [ConfigError], Canceled for context errors, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if _, ok := errors.AsType[*ConfigError](err); ok {
		return Invalid
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Canceled
	}
	return Internal
}

// ErrClosed is returned by what has been closed, and by a [Reader] that cannot go on.
var ErrClosed = errors.New("closed")

// A ConfigError is a mistake in settings. The engine turns Path into a position in the user's file.
type ConfigError struct {
	// Path leads from the settings' root (config or objects) to the field: ["config", "url"]. Empty: the whole.
	Path    []string
	Message string
	Hint    string // how to mend it; may be empty
}

// Error returns the path and the message.
func (e *ConfigError) Error() string {
	if len(e.Path) == 0 {
		return e.Message
	}
	return strings.Join(e.Path, ".") + ": " + e.Message
}
