package state

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// anchorEvery is how far the anchor may be behind the heads.
const anchorEvery = time.Second

// anchor is a sealed file beside the database with the number of each head. It
// follows the heads, never leads them; so a database with a lower number than
// the anchor's is an older copy.
type anchor struct {
	s     *Store
	nudge chan struct{}

	// file orders writes of the file.
	file sync.Mutex
	// mu guards the rest.
	mu    sync.Mutex
	heads map[string]uint64
	dirty bool
}

func newAnchor(s *Store) *anchor {
	return &anchor{s: s, nudge: make(chan struct{}, 1), heads: map[string]uint64{}}
}

// move notes that a head has moved.
func (a *anchor) move(uid secret.UID, seq uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heads[uid.String()] = seq
	a.dirty = true
	select {
	case a.nudge <- struct{}{}:
	default:
	}
}

// forget drops a touchpoint and makes that durable, before its rows go. The
// caller holds the turn, so that the head cannot move again.
func (a *anchor) forget(key *secret.DataKey, uid secret.UID) error {
	a.mu.Lock()
	delete(a.heads, uid.String())
	a.mu.Unlock()
	return a.save(key)
}

// run writes the file while heads move, at most once in anchorEvery.
func (a *anchor) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.nudge:
		}
		if err := a.flush(ctx); err != nil && ctx.Err() == nil {
			a.s.log.Warn("writing the state's anchor", "error", err)
		}
		pause := time.NewTimer(anchorEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// flush writes the file when a head has moved since the last time.
func (a *anchor) flush(ctx context.Context) error {
	a.mu.Lock()
	dirty := a.dirty
	a.mu.Unlock()
	if !dirty {
		return nil
	}
	return a.write(ctx)
}

// place is where the file is sealed for.
func (a *anchor) place() secret.Row {
	return secret.Row{Table: "anchor", Column: "heads", SchemaVersion: sealVersion, Key: a.s.stateID[:]}
}

// write seals the numbers and replaces the file.
func (a *anchor) write(ctx context.Context) error {
	key, err := a.s.sealer.Key(ctx, systemScope())
	if err != nil {
		return err
	}
	return a.save(key)
}

// save replaces the file durably.
func (a *anchor) save(key *secret.DataKey) error {
	a.file.Lock()
	defer a.file.Unlock()
	a.mu.Lock()
	body, err := json.Marshal(a.heads)
	a.dirty = false
	a.mu.Unlock()
	if err != nil {
		return err
	}
	sealed, err := key.Seal(a.place(), body)
	if err == nil {
		err = fileError(a.s.dir, replaceFile(filepath.Join(a.s.dir, anchorName), sealed))
	}
	if err != nil {
		a.mu.Lock()
		a.dirty = true
		a.mu.Unlock()
	}
	return err
}

// replaceFile writes a file beside the old one and puts it in its place.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// verify compares the file with the heads that were loaded, and remembers these.
func (a *anchor) verify(ctx context.Context) error {
	sealed, err := os.ReadFile(filepath.Join(a.s.dir, anchorName))
	if errors.Is(err, fs.ErrNotExist) {
		if len(a.s.points) == 1 && a.s.system.head.Seq == 0 {
			return a.write(ctx) // nothing was ever committed
		}
		return rolledBack(a.s.dir, a.s.system, "the file "+anchorName+", which proves how new the database is, is missing")
	}
	if err != nil {
		return fileError(a.s.dir, err)
	}
	body, err := a.s.sealer.Open(ctx, systemScope(), a.place(), sealed)
	if err != nil {
		return rolledBack(a.s.dir, a.s.system, "the file "+anchorName+" is not one of this state")
	}
	var heads map[string]uint64
	if err := json.Unmarshal(body, &heads); err != nil {
		return damaged(a.s.dir, "the file "+anchorName+" cannot be read")
	}
	for _, p := range a.s.points {
		uid := p.tp.UID.String()
		if p.head.Seq < heads[uid] {
			return rolledBack(a.s.dir, p, "its database is older than what was committed")
		}
		delete(heads, uid)
		a.move(p.tp.UID, p.head.Seq)
	}
	if len(heads) > 0 {
		return rolledBack(a.s.dir, a.s.system, "a touchpoint that was there is missing")
	}
	return nil
}
