package state

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Override puts a row in place of one of a lookup, for a time. All of it is sealed.
type Override struct {
	// ID names it; random.
	ID string
	// Lookup is the lookup's name, and Row the cells by column: the key's and the result's.
	Lookup string
	Row    map[string]string
	// Actor and Why say who and why.
	Actor, Why string
	// At is when it began; set by [Store.Override] when zero.
	At time.Time
	// Until is when it ends by itself.
	Until time.Time
}

const factOverrides = "overrides"

// Override keeps an override, in place of an earlier one that same says is of the same row. Those whose time is over go.
func (s *Store) Override(ctx context.Context, o Override, same func(Override) bool) error {
	now := s.now().UTC()
	if o.At.IsZero() {
		o.At = now
	}
	if !o.Until.After(now) || o.ID == "" {
		return &Error{Reason: Invalid, Text: "an override needs a name and an end that lies ahead"}
	}
	return updateFact(ctx, s, factOverrides, func(all *[]Override) (bool, error) {
		*all = slices.DeleteFunc(*all, func(old Override) bool { return same(old) || !old.Until.After(now) })
		*all = append(*all, o)
		return true, nil
	})
}

// RemoveOverride ends an override, and reports whether there was one.
func (s *Store) RemoveOverride(ctx context.Context, id string) (found bool, err error) {
	err = updateFact(ctx, s, factOverrides, func(all *[]Override) (bool, error) {
		n := len(*all)
		*all = slices.DeleteFunc(*all, func(o Override) bool { return o.ID == id })
		found = len(*all) < n
		return found, nil
	})
	return found, err
}

// Overrides lists the overrides in force, oldest first.
func (s *Store) Overrides(ctx context.Context) ([]Override, error) {
	body, err := s.loadFact(ctx, factOverrides)
	if err != nil || body == nil {
		return nil, err
	}
	var all []Override
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, damaged(s.dir, "its "+factOverrides+" cannot be read")
	}
	now := s.now()
	return slices.DeleteFunc(all, func(o Override) bool { return !o.Until.After(now) }), nil
}
