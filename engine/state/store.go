package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dray-sync/dray/engine/secret"
	"github.com/hashicorp/go-hclog"
	"github.com/riverqueue/river"
)

// Store is one open state directory. It is safe for concurrent use. Every method
// but Close fails with [Closed] once the store is closed.
type Store struct {
	dir     string
	log     hclog.Logger
	now     func() time.Time
	stateID secret.StateID

	lock *os.File
	db   *handles
	keys *secret.DataKeys
	// sealer is over keys.
	sealer *secret.Sealer
	ring   atomic.Pointer[secret.Ring]
	// inserter puts jobs into the queue; it works none.
	inserter *river.Client[*sql.Tx]
	bell     *bell
	anchor   *anchor

	// turn is held by whoever writes, and guards the writer's connection and statements.
	turn       chan struct{}
	conn       *sql.Conn
	statements map[string]*sql.Stmt

	// mu guards the maps; what they point to says itself who guards it.
	mu     sync.RWMutex
	points map[int64]*point
	byName map[string]*point
	system *point

	folder *folder
	closed atomic.Bool
	// stop ends the background work, which background counts.
	stop       context.CancelFunc
	background sync.WaitGroup
	closing    sync.Once
	closeErr   error
}

// point is one touchpoint in memory. A pruned point is no longer in the store's
// maps. The name changes under the store's mu; everything else under the turn,
// but pending, which has a lock of its own.
type point struct {
	tp     Touchpoint
	scope  secret.Scope
	rowSeq uint64
	head   head
	stale  bool
	log    pendingLog
	// folded says that the ledger's table may hold something of the touchpoint. Until then a look-up need not ask it.
	folded atomic.Bool
}

var errClosed = &Error{Reason: Closed, Text: "the state is closed"}

// The names of meta rows.
const (
	metaStateID     = "state_id"
	metaRepository  = "repository_id"
	metaEnvironment = "environment"
	metaPin         = "ring_pin"
)

// Open opens, and creates when missing, a state directory. In this order it locks
// the directory, refuses a newer schema, migrates, refuses what belongs to
// another repository or environment, opens the key ring, compares heads with
// rows, and rebuilds the index of what is not folded. The caller closes the store.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.OpenRing == nil || o.RepositoryID == "" {
		return nil, &Error{Reason: Invalid, Text: "opening a state needs a repository id and a key ring"}
	}
	s := &Store{
		dir: o.Dir, log: o.Log, now: o.Now, turn: make(chan struct{}, 1), statements: map[string]*sql.Stmt{},
		points: map[int64]*point{}, byName: map[string]*point{}, bell: newBell(), stop: func() {},
	}
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.start(o.FoldEvery)
	return s, nil
}

// open does the work of Open; what it has opened when it fails, release closes.
func (s *Store) open(ctx context.Context, o Options) (err error) {
	if s.lock, err = openDir(o.Dir); err != nil {
		return err
	}
	if s.db, err = openHandles(o.Dir); err != nil {
		return err
	}
	if err = migrate(ctx, o.Dir, s.db); err != nil {
		return err
	}
	if s.conn, err = s.db.writer.Conn(ctx); err != nil {
		return s.fail(err)
	}
	if err := s.identify(ctx, o); err != nil {
		return err
	}
	if err := s.openRing(ctx, o); err != nil {
		return err
	}
	if s.inserter, err = newInserter(newBellDriver(s.db.river, s.bell), s.log); err != nil {
		return err
	}
	s.anchor = newAnchor(s)
	if err := s.loadPoints(ctx); err != nil {
		return err
	}
	return s.anchor.verify(ctx)
}

// identify reads the directory's identity, or gives it one.
func (s *Store) identify(ctx context.Context, o Options) error {
	id, err := s.meta(ctx, metaStateID)
	if err != nil {
		return err
	}
	if id == nil {
		rand.Read(s.stateID[:])
		return s.write(ctx, func(t *txn) error {
			return errors.Join(t.setMeta(metaStateID, s.stateID[:]),
				t.setMeta(metaRepository, []byte(o.RepositoryID)), t.setMeta(metaEnvironment, []byte(o.Environment)))
		})
	}
	if len(id) != len(s.stateID) {
		return damaged(s.dir, "its identity has the wrong length")
	}
	s.stateID = secret.StateID(id)
	if err := s.belongs(ctx, metaRepository, o.RepositoryID, OtherRepository, "repository"); err != nil {
		return err
	}
	return s.belongs(ctx, metaEnvironment, o.Environment, OtherEnvironment, "environment")
}

// belongs compares one part of the directory's identity.
func (s *Store) belongs(ctx context.Context, name, want string, reason Reason, what string) error {
	have, err := s.meta(ctx, name)
	if err != nil || string(have) == want {
		return err
	}
	return &Error{
		Reason: reason, Text: fmt.Sprintf("state directory %q belongs to %s %q, not to %q", s.dir, what, have, want),
		Hint: fmt.Sprintf("name another state directory for this %s: one directory serves one repository and one environment", what),
	}
}

// openRing lets the caller open the key ring and takes it into use.
func (s *Store) openRing(ctx context.Context, o Options) error {
	facts, err := s.RingFacts(ctx)
	if err != nil {
		return err
	}
	ring, err := o.OpenRing(ctx, facts)
	if err != nil {
		return err
	}
	s.keys = secret.NewDataKeys(ring, s.stateID, keyStore{s}, s.now)
	s.sealer = secret.NewSealer(s.keys)
	return s.AcceptRing(ctx, ring)
}

// start begins the background work.
func (s *Store) start(foldEvery time.Duration) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.folder = newFolder(s, foldEvery)
	s.background.Go(func() { s.anchor.run(ctx) })
	if foldEvery >= 0 {
		s.background.Go(func() { s.folder.run(ctx) })
	}
}

// Close ends background work, writes the anchor and releases the directory. What
// is not folded stays in the log. It is idempotent; stop the [Queue] first.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.stop()
		s.background.Wait()
		err := s.anchor.flush(context.Background())
		s.turn <- struct{}{}
		s.closed.Store(true)
		<-s.turn
		s.closeErr = errors.Join(err, s.release())
	})
	return s.closeErr
}

// release closes whatever is open.
func (s *Store) release() (err error) {
	for _, stmt := range s.statements {
		err = errors.Join(err, stmt.Close())
	}
	if s.conn != nil {
		err = errors.Join(err, s.conn.Close())
	}
	if s.db != nil {
		err = errors.Join(err, s.db.close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return s.fail(err)
}

// StateID is the random identity of this state.
func (s *Store) StateID() secret.StateID { return s.stateID }

// Ring is the key ring in use, for keyed hashes.
func (s *Store) Ring() *secret.Ring { return s.ring.Load() }

// fail turns an error of the database into one of ours.
func (s *Store) fail(err error) error { return dbError(s.dir, err) }

// meta returns a clear value of the directory; nil when there is none.
func (s *Store) meta(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := s.db.readers.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, s.fail(err)
}

func (t *txn) setMeta(name string, value []byte) error {
	_, err := t.exec("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}
