package run

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// fate is what is decided for one record of a batch.
type fate uint8

const (
	toWrite   fate = iota
	left           // filtered, or a repetition of what the overlap read before: nothing is recorded
	unchanged      // the destination has it so already
	skipped
	setAside // it goes to the dead letters
	delivered
)

// An item is one record of the batch at hand.
type item struct {
	index   int   // in the source batch
	element int   // of the split
	lane    *lane // nil: it has not come to a route
	row     int   // in the rows of the lane; -1: it was not mapped
	fate    fate

	keyed   bool          // hash is that of the source key, and not of the whole record
	source  state.KeyHash // of the record on whatever route
	hash    state.KeyHash // of the record on this route
	key     []byte
	version []byte
	trace   []state.TraceField
	before  state.LedgerEntry   // what the ledger knew
	others  []state.LedgerEntry // what it knew of the record's deliveries to the same object by other routes, where that matters

	intended    bool // the ledger holds that a create was about to be sent
	fingerprint secret.Fingerprint
	dest        state.KeyHash
	destKey     []byte
	reason      mapping.Reason
	need        *need // what the steps found; nil: there are none
	outcome     adapters.Outcome
	superseded  bool // a dead letter that is out of date
	duplicate   bool // seen before
	duplicated  bool // the destination refuses it because it has it, which is to be looked up
	touched     bool // it counts as changed, whatever its version says
	review      bool // a person has to look at it
	// outdated are the keys of open dead letters that are of other routes than the record takes.
	outdated []state.KeyHash
	acks     []*ack // what is written back of it
}

// route returns the name of the item's route.
func (it *item) route() string {
	if it.lane == nil {
		return ""
	}
	return it.lane.Route
}

// parked reports whether the item waits for a person.
func (it *item) parked() bool { return it.review || it.row >= 0 && it.reason.Check != "" }

// stage maps the records of a batch and decides what the record alone can decide.
type stage struct {
	*walker
	hasher *secret.Hasher
	items  []item
	text   []byte // scratch
	parts  []secret.Part
	// letters are the dead letters that the records come from, one for each; nil: they come from the source.
	letters []state.DeadLetter
	seen    []state.KeyHash // the source keys that were come past, once somebody watches
	blind   bool            // one of the records has no usable key
	// again says how records are judged that a person wants to be sent again; nil: they come on their own.
	again *again
	// generation of the touchpoint: what an earlier one recorded proves nothing about this one's destination.
	generation int64
	flagged    int64 // records that have their flag still, though it was to be taken away
}

func newStage(e *ends, h *secret.Hasher, now func() time.Time, l *locks, generation int64) *stage {
	s := &stage{walker: newWalker(e, now, l), hasher: h, generation: generation, parts: make([]secret.Part, 0, 8)}
	for _, l := range s.lanes {
		l.tag = routeTag(h, l.Route)
	}
	return s
}

// fill maps the first records of b, after their steps, into items, and adds to the counts.
func (s *stage) fill(b *record.Batch, read int, n *state.Counts) {
	for _, l := range s.lanes {
		l.rows.Reset(l.program.Shape())
	}
	s.items, s.seen, s.blind = s.items[:0], nil, false
	n.Read += int64(read)
	visit := func(t turn) { s.take(b, t, n) }
	for i := range read {
		if b.Op(i) == record.Delete {
			n.Skipped++
			continue
		}
		s.walk(b, i, visit)
	}
}

// take makes an item of a turn.
func (s *stage) take(b *record.Batch, t turn, n *state.Counts) {
	if t.Outcome == mapping.Filtered {
		n.Filtered++
		return
	}
	it := item{index: t.index, element: t.element, lane: t.lane, row: -1, need: t.need, touched: b.Touched}
	if !s.wanted(&it) {
		return
	}
	s.identify(b, &it, t.Extra, t.part)
	it.reason = t.Reason
	switch {
	case t.Outcome == mapping.Skipped:
		it.fate = skipped
	case t.Outcome != mapping.Mapped && t.Outcome != mapping.Parked:
		it.fate = setAside
	case s.ends.key > 0 && !it.keyed:
		it.fate, it.reason = setAside, mapping.Reason{Rule: mapping.RuleKey, Type: "source key is absent or blank"}
	case s.twice(&it):
		it.fate, it.review, it.reason = setAside, true, mapping.Reason{Field: "split", Rule: mapping.RuleKey, Type: "it is there twice"}
	default:
		it.row = it.lane.rows.Len()
		it.lane.rows.CopyRow(t.Row)
		s.destination(&it)
		if t.Outcome == mapping.Parked {
			it.fate = setAside
		}
	}
	s.items = append(s.items, it)
}

// wanted reports whether an item counts: of a record that comes from a dead letter only that which was set aside does.
func (s *stage) wanted(it *item) bool {
	if s.letters == nil {
		return true
	}
	d := &s.letters[it.index]
	if d.Element >= 0 && it.element >= 0 && it.element != d.Element {
		return false
	}
	return d.Stage == state.StageHead || it.lane == nil || it.lane.Route == d.Route
}

// twice reports whether another element of the same record has the item's key: they would become one at the destination.
func (s *stage) twice(it *item) bool {
	if it.element <= 0 {
		return false
	}
	for i := len(s.items) - 1; i >= 0 && s.items[i].index == it.index; i-- {
		if s.items[i].hash == it.hash && s.items[i].element != it.element {
			return true
		}
	}
	return false
}

// identify fills in what tells the record apart. A record without a usable key is told apart by its content.
func (s *stage) identify(b *record.Batch, it *item, extra, part []record.Value) {
	if extra != nil && s.ends.key > 0 {
		key := extra[:s.ends.key:s.ends.key]
		if it.element >= 0 {
			key = append(key, part...)
		}
		if it.hash, it.keyed = hashKey(s.hasher, key, s.parts); it.keyed {
			it.key = encodeKey(nil, key)
		}
	}
	if s.letters != nil && s.letters[it.index].Element == it.element { // as the source identified it, whose types JSON does not have
		it.hash, it.key = s.letters[it.index].KeyHash, s.letters[it.index].Key
	} else if !it.keyed {
		s.text = appendSource(s.text[:0], b, it.index)
		f := s.hasher.Fingerprint(secret.KeyHash{}, s.text)
		copy(it.hash[:], f[:])
		if it.element > 0 {
			it.hash = state.KeyHash(s.hasher.Key(secret.BytesPart(it.hash[:]), secret.IntPart(int64(it.element))))
		}
	}
	it.source = it.hash
	if it.lane != nil {
		it.hash = state.RouteKey(it.lane.tag, it.hash)
	}
	it.version = binary.AppendVarint(nil, s.generation)
	if extra == nil {
		return
	}
	if s.ends.version >= 0 && !extra[s.ends.version].IsNull() {
		it.version = extra[s.ends.version].AppendJSON(it.version)
	}
	for i, v := range s.ends.traces(extra) {
		if t := text(v); t != "" {
			it.trace = append(it.trace, state.TraceField{
				Path: s.ends.flow.Spec.Trace[i], Value: t, Hash: state.KeyHash(s.hasher.Key(secret.StringPart(t))),
			})
		}
	}
}

// destination fills in what tells the mapped record apart.
func (s *stage) destination(it *item) {
	l := it.lane
	row := l.rows.Row(it.row)
	s.text = l.program.AppendJSON(s.text[:0], row, true)
	it.fingerprint = s.hasher.Fingerprint(secret.KeyHash(it.hash), s.text)
	if len(l.keyCols) == 0 || l.Destination.ByLedger() {
		return
	}
	key := l.key(it)
	var ok bool
	if it.dest, ok = hashKey(s.hasher, key, s.parts); ok {
		it.destKey = encodeKey(nil, key)
		return
	}
	it.fate, it.reason = setAside, mapping.Reason{Field: l.Destination.Key[0], Rule: mapping.RuleKey, Type: "blank"}
}

// judge decides what the ledger can decide: repetitions, and what would change nothing.
func (s *stage) judge(it *item, before state.LedgerEntry) {
	it.before = before
	if s.letters != nil {
		if it.known() || before.State == state.LedgerDeleted { // a newer version arrived: the old one must not replace it
			it.fate, it.superseded, it.duplicate = left, true, true
		}
		return
	}
	if s.again != nil {
		generation, g := binary.Varint(before.Version)
		s.judgeAgain(it, g > 0 && generation == s.generation)
		return
	}
	if !it.keyed {
		return
	}
	generation, g := binary.Varint(before.Version)
	if g <= 0 || generation != s.generation {
		return
	}
	settled := it.settled()
	// What was rejected stays so until the record or the mapping changes; onReject tries it again by itself.
	rejected := before.State == state.LedgerRejected && before.Revision == s.ends.flow.Revision
	hasVersion := len(it.version) > g && string(before.Version) == string(it.version)
	s.noticeFlag(it, hasVersion)
	switch {
	case s.ends.flow.Spec.Source.Read != string(adapters.ReadFull) && hasVersion && !it.touched && (settled || rejected):
		it.fate, it.duplicate = left, true
	case it.fate == toWrite && settled && it.lane.trusts() && before.Fingerprint == [32]byte(it.fingerprint):
		it.fate = unchanged
	}
}

// dropRepetitions leaves out records that a source delivered twice in one batch, as pages do that shift while they are read.
func (s *stage) dropRepetitions() {
	if s.letters != nil {
		return
	}
	first := make(map[state.KeyHash]*item, len(s.items))
	for i := range s.items {
		it := &s.items[i]
		if it.fate == left || !it.keyed {
			continue
		}
		before := first[it.hash]
		first[it.hash] = it
		if before != nil && it.fate == toWrite && before.fate == toWrite && before.fingerprint == it.fingerprint && bytes.Equal(before.version, it.version) {
			it.fate, it.duplicate = left, true
		}
	}
}

// countDuplicates counts records of which nothing is new, and what would change nothing.
func (s *stage) countDuplicates(n *state.Counts) {
	for i := 0; i < len(s.items); {
		all := true
		for first := s.items[i].index; i < len(s.items) && s.items[i].index == first; i++ {
			all = all && s.items[i].duplicate
			if s.items[i].fate == unchanged {
				n.Unchanged++
			}
		}
		if all {
			n.Duplicates++
		}
	}
}

// outdated finds dead letters of records that take other routes now.
func (s *stage) outdated(ctx context.Context, store *state.Store, touchpointID int64) error {
	if len(s.lanes) < 2 || s.letters != nil {
		return nil
	}
	var keys []state.KeyHash
	owner := map[state.KeyHash]*item{}
	taken, last := map[state.KeyHash]bool{}, s.last(func(it *item) bool { return it.fate != left })
	for i := range s.items {
		if it := &s.items[i]; last[it.source] == it.index {
			taken[it.hash] = true
		}
	}
	for i := range s.items {
		it := &s.items[i]
		if it.fate == left || !it.keyed {
			continue
		}
		for k := range len(s.lanes) + 1 {
			key := it.source
			if k < len(s.lanes) {
				key = state.RouteKey(s.lanes[k].tag, it.source)
			}
			if !taken[key] && owner[key] == nil {
				owner[key] = it
				keys = append(keys, key)
			}
		}
	}
	open, err := store.OpenLetters(ctx, touchpointID, keys)
	for _, key := range open {
		owner[key].outdated = append(owner[key].outdated, key)
	}
	return err
}

// known reports whether the destination is known to have a record for the item.
func (it *item) known() bool {
	return it.before.State.Delivered()
}

// appendSource appends the source record as JSON.
func appendSource(dst []byte, b *record.Batch, i int) []byte {
	if b.Encoding == record.Documents {
		return append(dst, b.Doc(i)...)
	}
	dst = append(dst, '{')
	first := true
	for c, v := range b.Row(i) {
		if v.IsAbsent() {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		name, err := json.Marshal(b.Shape.Columns[c].Name)
		if err != nil {
			panic("run: internal error: a string does not marshal")
		}
		dst = append(append(dst, name...), ':')
		dst = v.AppendJSON(dst)
	}
	return append(dst, '}')
}
