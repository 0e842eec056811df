package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// A Case is one promise of the contract.
type Case struct {
	Name string
	Why  string // what goes wrong for users when the promise is broken
	run  func(ctx context.Context, p *probe) error
}

// caseTimeout ends a case whose calls respect their context but never come to an end.
const caseTimeout = time.Minute

// Cases returns all cases in the order they run: from what everything else needs to what few adapters have.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{connectionCases(), readCases(), resumeCases(), writeCases(), transactionCases(), hygieneCases()} {
		all = append(all, group...)
	}
	return all
}

// Run tries every case against the harness, each with a fresh target. Cases that need what the harness does not have are skipped with the
// reason. They run one after another, because one of them looks for goroutines left behind.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			skipped, err := Try(t, h, c)
			switch {
			case err != nil:
				t.Errorf("%v\nwhy this matters: %s", err, c.Why)
			case skipped != "":
				t.Skip(skipped)
			}
		})
	}
}

// Try runs one case and returns what is wrong, or why it does not apply. It fails t only when the target cannot be made.
func Try(t testing.TB, h Harness, c Case) (skipped string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), caseTimeout)
	defer cancel()
	p := &probe{h: h.withDefaults(), t: h.New(t)}
	if p.t.Application != nil {
		p.h.Application = p.t.Application
	}
	defer p.close(ctx)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the adapter panicked: %v", r)
		}
	}()
	err = c.run(ctx, p)
	if s, ok := errors.AsType[*skipError](err); ok {
		return s.reason, nil
	}
	return "", err
}

type skipError struct{ reason string }

func (s *skipError) Error() string { return "skipped: " + s.reason }

func skip(reason string) error { return &skipError{reason: reason} }
