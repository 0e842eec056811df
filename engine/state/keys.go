package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dray-sync/dray/engine/secret"
)

// keyStore is the table of wrapped data keys as [secret.KeyStore] wants it.
type keyStore struct{ s *Store }

// LoadDataKeys implements [secret.KeyStore].
func (k keyStore) LoadDataKeys(ctx context.Context, scope secret.Scope) (keys []secret.WrappedKey, err error) {
	rows, err := k.s.db.readers.QueryContext(ctx, "SELECT id, epoch, kid, created_at, wrapped FROM data_keys WHERE scope = ?", string(scope))
	if err != nil {
		return nil, k.s.fail(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		key, id, created := secret.WrappedKey{Scope: scope}, []byte(nil), int64(0)
		if err := rows.Scan(&id, &key.Epoch, &key.Kid, &created, &key.Wrapped); err != nil {
			return nil, k.s.fail(err)
		}
		if len(id) != len(key.ID) {
			return nil, damaged(k.s.dir, "a data key has no proper id")
		}
		key.ID, key.Created = secret.DataKeyID(id), fromMicros(created)
		keys = append(keys, key)
	}
	return keys, k.s.fail(rows.Err())
}

// SaveDataKey implements [secret.KeyStore].
func (k keyStore) SaveDataKey(ctx context.Context, key secret.WrappedKey) error {
	err := k.s.write(ctx, func(t *txn) error {
		_, err := t.exec("INSERT INTO data_keys (id, scope, epoch, kid, created_at, wrapped) VALUES (?, ?, ?, ?, ?, ?)",
			key.ID[:], string(key.Scope), key.Epoch, key.Kid, micros(key.Created), key.Wrapped)
		if isUnique(err) {
			return secret.ErrKeyExists
		}
		return err
	})
	return err
}

// RingFacts is what to judge the next generation of the key ring against.
func (s *Store) RingFacts(ctx context.Context) (RingFacts, error) {
	var facts RingFacts
	raw, err := s.meta(ctx, metaPin)
	if err != nil {
		return facts, err
	}
	if raw != nil {
		facts.Pin = new(secret.Pin)
		if err := json.Unmarshal(raw, facts.Pin); err != nil {
			return facts, damaged(s.dir, "what it remembers of the key ring cannot be read")
		}
	}
	rows, err := s.db.readers.QueryContext(ctx, "SELECT kid FROM data_keys UNION SELECT index_kid FROM touchpoints ORDER BY 1")
	if err != nil {
		return facts, s.fail(err)
	}
	defer rows.Close() //nolint:errcheck // the error of the iteration is returned
	for rows.Next() {
		var kid string
		if err := rows.Scan(&kid); err != nil {
			return facts, s.fail(err)
		}
		facts.InUse = append(facts.InUse, kid)
	}
	return facts, s.fail(rows.Err())
}

// AcceptRing takes the next generation of the ring into use and remembers its
// pin. ring must have been opened against [Store.RingFacts]. Data keys wrapped by
// older roots are wrapped by its primary; new values use new data keys.
func (s *Store) AcceptRing(ctx context.Context, ring *secret.Ring) error {
	if err := s.rewrap(ctx, ring); err != nil {
		return err
	}
	if err := s.savePin(ctx, ring); err != nil {
		return err
	}
	s.keys.SetRing(ring)
	s.ring.Store(ring)
	return nil
}

// savePin remembers the accepted ring.
func (s *Store) savePin(ctx context.Context, ring *secret.Ring) error {
	raw, err := json.Marshal(ring.Pin())
	if err != nil {
		return fmt.Errorf("encoding the key ring's pin: %w", err)
	}
	if have, err := s.meta(ctx, metaPin); err != nil || bytes.Equal(have, raw) {
		return err
	}
	return s.write(ctx, func(t *txn) error { return t.setMeta(metaPin, raw) })
}

// rewrap wraps every data key of an older root by the ring's primary.
func (s *Store) rewrap(ctx context.Context, ring *secret.Ring) error {
	rows, err := s.db.readers.QueryContext(ctx, "SELECT DISTINCT scope FROM data_keys WHERE kid <> ?", ring.Primary())
	if err != nil {
		return s.fail(err)
	}
	var scopes []secret.Scope
	for rows.Next() {
		var scope string
		if err := rows.Scan(&scope); err != nil {
			return errors.Join(s.fail(err), rows.Close())
		}
		scopes = append(scopes, secret.Scope(scope))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return s.fail(err)
	}
	for _, scope := range scopes {
		if err := s.rewrapScope(ctx, ring, scope); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) rewrapScope(ctx context.Context, ring *secret.Ring, scope secret.Scope) error {
	stored, err := keyStore{s}.LoadDataKeys(ctx, scope)
	if err != nil {
		return err
	}
	next := make([]secret.WrappedKey, 0, len(stored))
	for _, w := range stored {
		key, err := ring.Unwrap(s.stateID, w)
		if err != nil {
			return err
		}
		if w, err = ring.Rewrap(key); err != nil {
			return err
		}
		next = append(next, w)
	}
	return s.write(ctx, func(t *txn) error {
		for _, w := range next {
			if _, err := t.exec("UPDATE data_keys SET kid = ?, wrapped = ? WHERE id = ?", w.Kid, w.Wrapped, w.ID[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
