package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// A place is what a cursor holds: an instant, and which records of exactly that instant were delivered. A read from it
// asks for that instant again and leaves those out, so that a record that appears late within the instant is not lost.
type place struct {
	Version int       `json:"v"`
	At      time.Time `json:"at"`
	Seen    []string  `json:"seen,omitempty"` // digests of records
}

const (
	placeVersion = 1
	// seenMost bounds a cursor. With more records of one instant they are all delivered again.
	seenMost = 1000
)

func (p place) cursor() record.Cursor {
	p.Version = placeVersion
	if len(p.Seen) > seenMost {
		p.Seen = nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic("rest: internal error: a cursor does not marshal")
	}
	return text
}

func parsePlace(c record.Cursor) (place, bool) {
	var p place
	if err := strictly(json.RawMessage(c), &p); err != nil {
		return p, false
	}
	return p, p.Version == placeVersion && !p.At.IsZero()
}

func digest(doc []byte) string {
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:8])
}

// pass takes note of a record at t that was read.
func (p *place) pass(t time.Time, doc []byte) {
	switch {
	case t.Before(p.At):
	case t.After(p.At):
		p.At, p.Seen = t, append(p.Seen[:0], digest(doc))
	case len(p.Seen) <= seenMost:
		if d := digest(doc); !slices.Contains(p.Seen, d) {
			p.Seen = append(p.Seen, d)
		}
	}
}
