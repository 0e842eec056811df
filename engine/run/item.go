package run

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

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
	index int // in the source batch
	row   int // in the staged rows; -1: it was not mapped
	fate  fate

	keyed   bool // hash is that of the source key, and not of the whole record
	hash    state.KeyHash
	key     []byte
	version []byte
	trace   []state.TraceField
	before  state.LedgerEntry // what the ledger knew

	intended    bool // the ledger holds that a create was about to be sent
	fingerprint secret.Fingerprint
	dest        state.KeyHash
	destKey     []byte
	reason      mapping.Reason
	outcome     adapters.Outcome
	superseded  bool // a dead letter that is out of date
}

// stage maps the records of a batch and decides what the record alone can decide.
type stage struct {
	ends    *ends
	hasher  *secret.Hasher
	exec    *mapping.Executor
	rows    *record.Batch // the mapped records
	items   []item
	text    []byte // scratch
	parts   []secret.Part
	keyCols []int // the destination key among the columns
	// letters are the dead letters that the records come from, one for each; nil: they come from the source.
	letters []state.DeadLetter
	// generation of the touchpoint: what an earlier one recorded proves nothing about this one's destination.
	generation int64
}

func newStage(e *ends, h *secret.Hasher, exec *mapping.Executor, generation int64) *stage {
	s := &stage{ends: e, hasher: h, exec: exec, rows: new(record.Batch), generation: generation, parts: make([]secret.Part, 0, 8)}
	for _, name := range e.flow.Spec.Destination.Key {
		s.keyCols = append(s.keyCols, e.program.Shape().Column(name))
	}
	return s
}

// fill maps at most limit records of b (0: all) into items and adds to the counts.
func (s *stage) fill(b *record.Batch, limit int, n *state.Counts) {
	s.rows.Reset(s.ends.program.Shape())
	s.items = s.items[:0]
	for i := range b.Len() {
		if limit > 0 && i == limit {
			break
		}
		n.Read++
		it := item{index: i, row: -1}
		if b.Op(i) == record.Delete {
			n.Skipped++
			it.fate = left
			s.items = append(s.items, it)
			continue
		}
		s.fillOne(b, &it, n)
		s.items = append(s.items, it)
	}
}

func (s *stage) fillOne(b *record.Batch, it *item, n *state.Counts) {
	r := s.exec.Map(b, it.index)
	if r.Outcome == mapping.Filtered {
		n.Filtered++
		it.fate = left
		return
	}
	s.identify(b, it, r.Extra)
	it.reason = r.Reason
	switch {
	case r.Outcome == mapping.Skipped:
		it.fate = skipped
	case r.Outcome != mapping.Mapped && r.Outcome != mapping.Parked:
		it.fate = setAside
	case s.ends.key > 0 && !it.keyed:
		it.fate, it.reason = setAside, mapping.Reason{Rule: mapping.RuleKey, Type: "source key is absent or blank"}
	default:
		it.row = s.rows.Len()
		s.rows.CopyRow(r.Row)
		s.destination(it)
		if r.Outcome == mapping.Parked {
			it.fate = setAside
		}
	}
}

// identify fills in what tells the record apart. A record without a usable key is told apart by its content.
func (s *stage) identify(b *record.Batch, it *item, extra []record.Value) {
	if extra != nil && s.ends.key > 0 {
		key := extra[:s.ends.key]
		if it.hash, it.keyed = hashKey(s.hasher, key, s.parts); it.keyed {
			it.key = encodeKey(nil, key)
		}
	}
	if s.letters != nil { // as the source identified it, whose types JSON does not have
		it.hash, it.key = s.letters[it.index].KeyHash, s.letters[it.index].Key
	} else if !it.keyed {
		s.text = appendSource(s.text[:0], b, it.index)
		f := s.hasher.Fingerprint(secret.KeyHash{}, s.text)
		copy(it.hash[:], f[:])
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
	row := s.rows.Row(it.row)
	s.text = s.ends.program.AppendJSON(s.text[:0], row, true)
	it.fingerprint = s.hasher.Fingerprint(secret.KeyHash(it.hash), s.text)
	if len(s.keyCols) == 0 {
		return
	}
	key := make([]record.Value, len(s.keyCols))
	for i, c := range s.keyCols {
		key[i] = row[c]
	}
	var ok bool
	if it.dest, ok = hashKey(s.hasher, key, s.parts); ok {
		it.destKey = encodeKey(nil, key)
		return
	}
	it.fate, it.reason = setAside, mapping.Reason{Field: s.ends.flow.Spec.Destination.Key[0], Rule: mapping.RuleKey, Type: "blank"}
}

// judge decides what the ledger can decide: repetitions, and what would change nothing.
func (s *stage) judge(it *item, before state.LedgerEntry, n *state.Counts) {
	it.before = before
	if s.letters != nil {
		if it.known() || before.State == state.LedgerDeleted { // a newer version arrived: the old one must not replace it
			it.fate, it.superseded = left, true
			n.Duplicates++
		}
		return
	}
	if !it.keyed {
		return
	}
	generation, g := binary.Varint(before.Version)
	if g <= 0 || generation != s.generation {
		return
	}
	settled := before.State == state.LedgerWritten || before.State == state.LedgerUnchanged
	// What was rejected stays so until the record or the mapping changes; onReject tries it again by itself.
	rejected := before.State == state.LedgerRejected && before.Revision == s.ends.flow.Revision
	hasVersion := len(it.version) > g && string(before.Version) == string(it.version)
	switch {
	case s.ends.flow.Spec.Source.Read == string(adapters.ReadIncremental) && hasVersion && (settled || rejected):
		it.fate = left
		n.Duplicates++
	case it.fate == toWrite && settled && s.ends.flow.Spec.Destination.Unchanged == "ledger" && before.Fingerprint == [32]byte(it.fingerprint):
		it.fate = unchanged
		n.Unchanged++
	}
}

// dropRepetitions leaves out records that a source delivered twice in one batch, as pages do that shift while they are read.
func (s *stage) dropRepetitions(n *state.Counts) {
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
			it.fate = left
			n.Duplicates++
		}
	}
}

// known reports whether the destination is known to have a record for the item.
func (it *item) known() bool {
	return it.before.State == state.LedgerWritten || it.before.State == state.LedgerUnchanged
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
