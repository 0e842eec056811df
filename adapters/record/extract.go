package record

import "strings"

// An Extractor takes the values of [Slots] out of records. It judges documents as [Scan] does, in the same pass. It is one goroutine's
// working memory: in the long run a record costs no allocation. Not safe for concurrent use.
type Extractor struct {
	parser
	slots   *Slots
	learned []learned // by node id
	shape   *Shape
	columns []int // for each child of the root: its column in shape, or -1
}

// NewExtractor returns an extractor of these slots.
func (s *Slots) NewExtractor() *Extractor {
	return &Extractor{slots: s, learned: make([]learned, s.top.nodes)}
}

// Record extracts from record i of a batch. The values are valid until Reset, and while neither batch nor extractor is reset. Errors are
// [*ScanError].
func (x *Extractor) Record(b *Batch, i int) ([]Value, error) {
	if b.Encoding == Rows {
		return x.Row(b.Shape, b.Row(i))
	}
	return x.Document(b.Doc(i))
}

// Reset makes all values extracted so far invalid. Call it before each record, or each few.
func (x *Extractor) Reset() { x.restart() }

// Document extracts from a document, parts of which the values share: it must not change while they are used.
func (x *Extractor) Document(json []byte) ([]Value, error) {
	frame := x.arena.Values(x.slots.Len())
	x.values, x.names = x.values[:0], x.names[:0]
	x.start(view(json))
	if err := x.whole(func() bool { return x.value(x.slots.root, frame) }); err != nil {
		return nil, err
	}
	return frame, nil
}

// value extracts what is wanted of the value at the cursor.
func (x *Extractor) value(n *node, frame []Value) bool {
	if n == nil {
		return x.skip()
	}
	c := x.peek()
	switch {
	case c != '{' && c != '[':
		return x.plain(n, frame)
	case n.tree:
		v, ok := x.tree()
		return ok && x.from(n, v, frame)
	}
	start := x.pos
	var ok bool
	switch {
	case c == '{' && len(n.children) > 0:
		ok = x.object(n, frame)
	case c == '[' && (n.each != nil || len(n.elements) > 0):
		ok = x.list(n, frame)
	default:
		ok = x.skip()
	}
	if ok && n.slot >= 0 {
		frame[n.slot] = RawValue(x.src[start:x.pos])
	}
	if n.each != nil && c == '{' {
		frame[n.eachSlot] = emptyObject
	}
	return ok
}

// emptyObject stands for an object where a list is wanted.
var emptyObject = ObjectValue(nil, nil)

// plain extracts a value that is neither list nor object.
func (x *Extractor) plain(n *node, frame []Value) bool {
	if n.slot < 0 && n.each == nil {
		return x.skip()
	}
	v, ok := x.scalar()
	if n.slot >= 0 {
		frame[n.slot] = v
	}
	if n.each != nil {
		frame[n.eachSlot] = v
	}
	return ok
}

// object extracts from the members of the object at the cursor. Names that come in the order of an earlier record are recognised by one
// comparison, and are known to differ: they are noted as names only once another comes.
func (x *Extractor) object(n *node, frame []Value) bool {
	if !x.enter() {
		return false
	}
	f := x.keys.open()
	known := &x.learned[n.id]
	var came [maxKnown / 64]uint64 // which of the known names did
	next, escaped := 0, false
	for more := x.first('}'); more; more = x.next('}') {
		if next >= 0 {
			if i := known.match(x.src[x.pos:], next); i >= 0 {
				came[i/64] |= 1 << (i % 64)
				next = i + 1
				k := &known.keys[i]
				if x.pos += len(k.label); x.peek() <= ' ' {
					x.space()
				}
				if !x.value(k.node, frame) {
					return false
				}
				continue
			}
			x.recall(known, &came)
			next = -1
		}
		at := x.pos
		name, ok := x.key(&f)
		if !ok {
			return false
		}
		escaped = escaped || x.src[at+len(name)+1] != '"' || strings.ContainsAny(name, `"\`)
		if !x.value(n.child(name), frame) {
			return false
		}
	}
	if next < 0 && !escaped {
		known.learn(n, x.keys.entries[f.base:])
	}
	x.keys.close(&f)
	x.depth--
	return x.err == nil
}

// recall notes the names that came as those of an object.
func (x *Extractor) recall(known *learned, came *[maxKnown / 64]uint64) {
	for i := range known.keys {
		if came[i/64]&(1<<(i%64)) != 0 {
			x.keys.entries = append(x.keys.entries, known.keys[i].keyEntry)
		}
	}
}

// list extracts from the elements of the list at the cursor.
func (x *Extractor) list(n *node, frame []Value) bool {
	if !x.enter() {
		return false
	}
	from, i := len(x.values), 0
	for more := x.first(']'); more; more = x.next(']') {
		if !x.listElement(n, frame, i) {
			return false
		}
		i++
	}
	x.depth--
	if n.each != nil {
		frame[n.eachSlot] = x.arena.List(x.arena.Copy(x.values[from:]))
		x.values = x.values[:from]
	}
	return x.err == nil
}

func (x *Extractor) listElement(n *node, frame []Value, i int) bool {
	start := x.pos
	single := n.element(i)
	if n.each == nil {
		return x.value(single, frame)
	}
	values := x.arena.Values(n.each.Len())
	if !x.value(n.each.root, values) {
		return false
	}
	x.values = append(x.values, x.arena.Object(n.each.names, values))
	if single == nil {
		return true
	}
	x.pos = start // wanted by number, too: rare enough to look at it twice
	return x.value(single, frame)
}

// Bounds of what an extractor learns: how often it learns the names of one place, so that records without any order do not allocate for ever, and how
// many.
const (
	maxLearned = 8
	maxKnown   = 256
)

// learned is the names an object had, in order.
type learned struct {
	keys  []learnedKey
	times int
}

type learnedKey struct {
	keyEntry
	label string // with its quotes and a colon, as it stands in most documents
	node  *node
}

// match returns the position, from next on, of the name that src starts with, or -1. A few names may be missing.
func (l *learned) match(src string, next int) int {
	for i := next; i < len(l.keys) && i < next+4; i++ {
		if strings.HasPrefix(src, l.keys[i].label) {
			return i
		}
	}
	return -1
}

// learn notes the names of an object none of which is escaped.
func (l *learned) learn(n *node, entries []keyEntry) {
	if l.times == maxLearned || len(entries) < len(l.keys) || len(entries) > maxKnown {
		return
	}
	l.times++
	l.keys = l.keys[:0]
	for _, e := range entries {
		label := `"` + e.name + `":`
		name := label[1 : len(label)-2]
		l.keys = append(l.keys, learnedKey{keyEntry{e.mark, name}, label, n.child(name)})
	}
}
