package secret

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// epochLength is how long a data key seals new values.
const epochLength = 90 * 24 * time.Hour

// KeyStore keeps wrapped data keys. Implementations are safe for concurrent use.
type KeyStore interface {
	// LoadDataKeys returns all keys of a scope, in any order; none is no error.
	// The caller owns the result.
	LoadDataKeys(ctx context.Context, scope Scope) ([]WrappedKey, error)
	// SaveDataKey stores a key durably before it returns. It fails with
	// [ErrKeyExists] when the scope and epoch, or the id, are taken, and then
	// changes nothing.
	SaveDataKey(ctx context.Context, key WrappedKey) error
}

// DataKeys opens, caches and makes the data keys of one state. It is safe for
// concurrent use; it calls the store, which may block, with no lock held.
type DataKeys struct {
	state StateID
	store KeyStore
	now   func() time.Time

	mu     sync.RWMutex
	ring   *Ring
	scopes map[Scope]*scopeKeys
}

// scopeKeys are the opened keys of one scope.
type scopeKeys struct {
	byID    map[DataKeyID]*DataKey
	current *DataKey // highest epoch; nil when there is none
}

// NewDataKeys returns the data keys of a state, with nothing loaded. now tells
// the time; epochs follow it.
func NewDataKeys(ring *Ring, state StateID, store KeyStore, now func() time.Time) *DataKeys {
	return &DataKeys{state: state, store: store, now: now, ring: ring, scopes: map[Scope]*scopeKeys{}}
}

// SetRing takes the next generation of the ring into use and forgets what was
// opened with the last.
func (d *DataKeys) SetRing(ring *Ring) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ring = ring
	d.scopes = map[Scope]*scopeKeys{}
}

// Forget drops the opened keys of a scope, as when its touchpoint was pruned.
func (d *DataKeys) Forget(scope Scope) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.scopes, scope)
}

// Current returns the data key that seals new values of a scope, and makes one
// when there is none, when the last is 90 days old, or when the ring has a new
// primary. It may write to the store, so call it before a transaction that
// holds the store's only writer.
func (d *DataKeys) Current(ctx context.Context, scope Scope) (*DataKey, error) {
	ring, keys := d.cached(scope)
	if keys != nil && d.fresh(ring, keys.current) {
		return keys.current, nil
	}
	// A key that another agent makes at the same instant wins once; the second
	// look finds it.
	for range 3 {
		keys, err := d.load(ctx, ring, scope)
		if err != nil {
			return nil, err
		}
		if d.fresh(ring, keys.current) {
			return keys.current, nil
		}
		epoch := uint32(1)
		if keys.current != nil {
			epoch = keys.current.wrapped.Epoch + 1
		}
		key, err := ring.NewDataKey(d.state, scope, epoch, d.now())
		if err != nil {
			return nil, err
		}
		err = d.store.SaveDataKey(ctx, key.wrapped)
		if err != nil && !errors.Is(err, ErrKeyExists) {
			return nil, fmt.Errorf("saving a data key: %w", err)
		}
	}
	keys, err := d.load(ctx, ring, scope)
	if err != nil {
		return nil, err
	}
	if !d.fresh(ring, keys.current) {
		return nil, &Error{
			Reason: DataKeyMissing, What: "data keys of " + string(scope), Text: "a new one is refused or not stored",
			Hint: "check that every agent of this state has the same key ring generation and the right time",
		}
	}
	return keys.current, nil
}

// ByID returns the data key a sealed value names. It only reads from the store.
func (d *DataKeys) ByID(ctx context.Context, scope Scope, id DataKeyID) (*DataKey, error) {
	ring, keys := d.cached(scope)
	if keys != nil && keys.byID[id] != nil {
		return keys.byID[id], nil
	}
	keys, err := d.load(ctx, ring, scope)
	if err != nil {
		return nil, err
	}
	if key := keys.byID[id]; key != nil {
		return key, nil
	}
	return nil, &Error{
		Reason: DataKeyMissing, What: "data key " + id.String(), Text: "not stored for this scope",
		Hint: "the touchpoint was pruned, the value was moved, or the state is older than the value",
	}
}

// fresh reports whether key still seals new values. A key older than the primary
// root is not: it may have been wrapped anew, but those who knew the root before
// it, and were removed, knew the key.
func (d *DataKeys) fresh(ring *Ring, key *DataKey) bool {
	if key == nil {
		return false
	}
	primary, made := ring.file.facts.primary(), key.wrapped.Created
	return key.wrapped.Kid == primary.Kid && !made.Before(primary.Created) && d.now().Sub(made) < epochLength
}

// cached returns the ring and what is opened of a scope, nil when nothing is.
func (d *DataKeys) cached(scope Scope) (*Ring, *scopeKeys) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.ring, d.scopes[scope]
}

// load opens all keys of a scope and caches them while ring is in use.
func (d *DataKeys) load(ctx context.Context, ring *Ring, scope Scope) (*scopeKeys, error) {
	rows, err := d.store.LoadDataKeys(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("loading data keys: %w", err)
	}
	keys := &scopeKeys{byID: make(map[DataKeyID]*DataKey, len(rows))}
	for _, row := range rows {
		if row.Scope != scope {
			return nil, &Error{Reason: SealBroken, What: "data key " + row.ID.String(), Text: "its row belongs to another scope"}
		}
		key, err := ring.Unwrap(d.state, row)
		if err != nil {
			return nil, err
		}
		keys.byID[row.ID] = key
		if keys.current == nil || keys.current.wrapped.Epoch < row.Epoch {
			keys.current = key
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ring == ring {
		d.scopes[scope] = keys
	}
	return keys, nil
}
