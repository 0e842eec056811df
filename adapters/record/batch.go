package record

// Encoding says how the records of a [Batch] are held.
type Encoding uint8

// The two encodings of a batch.
const (
	Documents Encoding = iota // JSON text, one complete value per record
	Rows                      // Values in the columns of a Shape
)

// Op says what a record asks for.
type Op uint8

// The operations of a record.
const (
	Upsert Op = iota
	Delete
)

// A Column is one column of a [Shape].
type Column struct {
	Name string
	Kind Kind // Absent when not known beforehand
}

// A Shape is the columns of a batch of rows. It is immutable once used.
type Shape struct {
	Columns []Column
	index   map[string]int
	labels  []string
}

// NewShape returns a shape with these columns, whose names must differ.
func NewShape(columns ...Column) *Shape {
	s := &Shape{Columns: columns, index: make(map[string]int, len(columns))}
	for i, c := range columns {
		s.index[c.Name] = i
		s.labels = append(s.labels, c.Name)
	}
	return s
}

// Names returns the columns' names in order. The caller must not change them.
func (s *Shape) Names() []string { return s.labels }

// Column returns the position of the column with that name, or -1.
func (s *Shape) Column(name string) int {
	if i, ok := s.index[name]; ok {
		return i
	}
	return -1
}

// A Cursor is an opaque place in a source. nil is the beginning. Only the adapter that made it can read it.
type Cursor []byte

// A Batch is a run of records on their way: the unit of read, write and checkpoint.
//
// Its caller owns it and uses it again: all bytes live in the batch until Reset. Not safe for concurrent use.
type Batch struct {
	// Encoding says whether the batch holds documents or rows. Set by Reset.
	Encoding Encoding
	// Shape is the columns of the rows; nil for documents.
	Shape *Shape
	// Ops holds an operation for each record. nil means that all are upserts.
	Ops []Op
	// Tokens holds a text for each record of a write that is the same whenever that write is repeated, and differs from those of all others: what
	// applications call an idempotency key. nil: nobody asked for them.
	Tokens []string
	// Safe is non-nil only where a checkpoint may fall behind this batch: a read that starts from it sees everything
	// after this batch, and nothing of it is needed again.
	Safe Cursor
	// Touched says that something the records belong together with has changed, so that they count as changed even where their version is the
	// same. Sources leave it alone.
	Touched bool

	text   []byte
	ends   []int
	values []Value
	arena  Arena
	n      int
}

// Reset empties the batch for documents, or for rows of shape when it is not nil. Values read from it become invalid.
func (b *Batch) Reset(shape *Shape) {
	b.Encoding, b.Shape, b.Ops, b.Tokens, b.Safe, b.Touched, b.n = Documents, shape, nil, nil, nil, false, 0
	if shape != nil {
		b.Encoding = Rows
	}
	b.text, b.ends = b.text[:0], b.ends[:0]
	clear(b.values)
	b.values = b.values[:0]
	b.arena.Reset()
}

// Len returns the number of records.
func (b *Batch) Len() int { return b.n }

// Size returns how many bytes of text the batch holds: a bound for batching, not its memory.
func (b *Batch) Size() int { return len(b.text) }

// AppendDoc copies one JSON document into the batch. The text is judged by whoever scans it, not here.
func (b *Batch) AppendDoc(json []byte) {
	b.text = append(b.text, json...)
	b.ends = append(b.ends, len(b.text))
	b.n++
}

// Doc returns the JSON text of record i, valid until Reset. The caller must not change it.
func (b *Batch) Doc(i int) []byte {
	start := 0
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.text[start:b.ends[i]:b.ends[i]]
}

// AppendRow appends one row with a value for each column of the shape. The values are kept as they are: text they refer to
// must not change before Reset.
func (b *Batch) AppendRow(values ...Value) {
	if len(values) != len(b.Shape.Columns) {
		panic("record: internal error: row does not fit the batch's shape")
	}
	b.values = append(b.values, values...)
	b.n++
}

// AppendDocFunc appends the JSON document that write appends to the slice it is given, without another copy.
func (b *Batch) AppendDocFunc(write func(dst []byte) []byte) {
	b.text = write(b.text)
	b.ends = append(b.ends, len(b.text))
	b.n++
}

// CopyRow appends a copy of a row: its values may refer to memory that changes afterwards.
func (b *Batch) CopyRow(values []Value) {
	b.AppendRow(values...)
	own := b.values[len(b.values)-len(values):]
	for i := range own {
		own[i] = b.arena.CopyValue(own[i])
	}
}

// Append appends copies of the records of a batch of the same encoding and shape, and takes over its Safe.
func (b *Batch) Append(from *Batch) {
	for i := range from.n {
		if b.Encoding == Rows {
			b.CopyRow(from.Row(i))
		} else {
			b.AppendDoc(from.Doc(i))
		}
		if op := from.Op(i); op != Upsert || b.Ops != nil {
			b.SetOp(b.n-1, op)
		}
	}
	b.Safe = from.Safe
}

// Row returns the values of record i, valid until Reset. The caller must not change them.
func (b *Batch) Row(i int) []Value {
	w := len(b.Shape.Columns)
	return b.values[i*w : (i+1)*w : (i+1)*w]
}

// Op returns the operation of record i.
func (b *Batch) Op(i int) Op {
	if b.Ops == nil {
		return Upsert
	}
	return b.Ops[i]
}

// SetOp sets the operation of record i.
func (b *Batch) SetOp(i int, op Op) {
	for len(b.Ops) < b.n {
		b.Ops = append(b.Ops, Upsert)
	}
	b.Ops[i] = op
}
