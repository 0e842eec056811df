package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A batch ends after so many records or bytes, and with its file.
const (
	batchRecords = 1000
	batchBytes   = 4 << 20
)

// OpenRead lists the files. What comes into the folder afterwards is for the next read.
func (s *source) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	o, err := s.find("reading", req.Object)
	if err != nil {
		return nil, err
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	if !o.describe(false).CanRead(req.Mode) {
		return nil, invalid("reading", o.name, "", "cannot be read in mode "+strconv.Quote(string(req.Mode)))
	}
	r := &reader{source: s, object: o, place: place{ByTime: req.Mode == adapters.ReadIncremental}}
	if err := r.start(req); err != nil {
		return nil, err
	}
	if req.Mode == adapters.ReadKeys {
		if req.By != nil && !slices.Equal(req.By, o.Key) {
			return nil, invalid("reading", o.name, req.By[0], "records are found by the object's key only")
		}
		r.wanted = o.keySet(req.Keys)
	}
	if r.files, err = s.list(o, r.place.ByTime); err != nil {
		return nil, failure(ctx, "reading", o.name, "", err)
	}
	return r, nil
}

// reader goes through files one after the other.
type reader struct {
	source *source
	mu     sync.Mutex // Ack comes while the next file is being read
	object *object
	files  []file
	next   int
	place  place
	wanted map[string]bool // canonical keys; nil: everything

	open    *os.File
	current file
	records records
	read    int          // records of the current file that are delivered
	ahead   record.Batch // the record that comes next, so that the end of a file is known with its last record
	have    bool         // ahead holds one
	closed  bool
}

// start sets the place to begin at.
func (r *reader) start(req adapters.ReadRequest) error {
	switch {
	case req.From != nil:
		p, err := decodePlace(req.From, r.place.ByTime)
		if err != nil || req.Mode == adapters.ReadKeys {
			return invalid("reading", r.object.name, "", "the cursor is not one of this object; reset the checkpoint")
		}
		if r.place = p; p.ByTime && req.Overlap > 0 {
			r.place = place{ByTime: true, Time: p.Time - req.Overlap.Nanoseconds()}
		}
	case r.place.ByTime && !req.Start.IsZero():
		r.place.Time = req.Start.UnixNano()
	}
	return nil
}

// Next fills b from one file.
func (r *reader) Next(ctx context.Context, b *record.Batch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case r.closed || r.source.closed.Load():
			return adapters.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if r.open == nil {
			if err := r.nextFile(); err != nil {
				return r.fail(ctx, err)
			}
		}
		b.Reset(r.records.shape())
		if err := r.fill(ctx, b); err != nil {
			return r.fail(ctx, err)
		}
		if b.Len() > 0 {
			if r.wanted == nil {
				b.Safe = r.place.encode()
			}
			return nil
		}
	}
}

// fail ends the read, unless it was only told to stop.
func (r *reader) fail(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return err
	}
	err = failure(ctx, "reading", r.object.name, r.current.Name, err)
	_ = r.Close(ctx) // the first error says more
	return err
}

// nextFile opens the next file that is not done, up to the first record to deliver. Its error is [io.EOF] behind the last.
func (r *reader) nextFile() error {
	for ; r.next < len(r.files); r.next++ {
		f := r.files[r.next]
		if r.place.covers(f) {
			continue
		}
		in, err := r.source.folder.Open(f.Name)
		if errors.Is(err, fs.ErrNotExist) { // gone since it was listed
			continue
		}
		if err != nil {
			return err
		}
		r.next++
		r.open, r.current, r.read = in, f, 0
		if r.records, err = r.object.records(in); err != nil {
			return err
		}
		skip := r.place.skip(f)
		for err = r.peek(); err == nil && r.have && r.read < skip; err = r.peek() {
			r.read++
		}
		return err
	}
	return io.EOF
}

// peek reads one record ahead; there is none at the end of the file.
func (r *reader) peek() error {
	r.ahead.Reset(r.records.shape())
	err := r.records.next(&r.ahead)
	if r.have = err == nil; errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// fill moves records of the current file into b and keeps the place.
func (r *reader) fill(ctx context.Context, b *record.Batch) error {
	size := 0
	for r.have && b.Len() < batchRecords && size < batchBytes {
		if b.Len()%64 == 0 && ctx.Err() != nil {
			// What is in b is delivered already by what follows: b is the caller's, and the place has not moved.
			return r.rewind(ctx)
		}
		want, err := r.wants()
		if err != nil {
			return err
		}
		if want {
			size += move(b, &r.ahead)
		}
		r.read++
		if err := r.peek(); err != nil {
			return err
		}
	}
	if r.have {
		r.place = r.place.within(r.current, r.read)
		return nil
	}
	r.place = r.place.behind(r.current)
	return r.closeFile()
}

// rewind goes back to the place, because a batch was given up in the middle.
func (r *reader) rewind(ctx context.Context) error {
	if err := r.closeFile(); err != nil {
		return err
	}
	r.next--
	return ctx.Err()
}

// move appends the one record of from and returns its size.
func move(to, from *record.Batch) int {
	if from.Shape == nil {
		to.AppendDoc(from.Doc(0))
		return len(from.Doc(0))
	}
	size := 0
	for _, v := range from.Row(0) {
		size += len(v.Text())
	}
	to.AppendRow(from.Row(0)...)
	return size
}

// wants reports whether the record ahead has one of the keys that are asked for.
func (r *reader) wants() (bool, error) {
	if r.wanted == nil {
		return true, nil
	}
	m, err := membersOf(&r.ahead, 0)
	if err != nil {
		return false, err
	}
	key, ok := m.key(r.object.Key)
	return ok && r.wanted[key], nil
}

func (r *reader) closeFile() error {
	err := r.open.Close()
	r.open, r.records, r.have = nil, nil, false
	return err
}

// Ack moves the files that are done up to c into the archive, if there is one.
func (r *reader) Ack(ctx context.Context, c record.Cursor) error {
	if r.object.Archive == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := decodePlace(c, r.place.ByTime)
	if err != nil {
		return invalid("acknowledging", r.object.name, "", "the cursor is not one of this object")
	}
	kept := r.files[:0:0]
	for i, f := range r.files {
		if i >= r.next || !p.covers(f) {
			kept = append(kept, f)
			continue
		}
		if err := r.source.archive(r.object, f); err != nil {
			return failure(ctx, "archiving", r.object.name, f.Name, err)
		}
	}
	r.next -= len(r.files) - len(kept)
	r.files = kept
	return nil
}

// archive moves a file, unless it has changed since it was read: then the next read sees it.
func (s *source) archive(o *object, f file) error {
	info, err := s.folder.Stat(f.Name)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && (changed(info) != f.Time || info.Size() != f.Size)) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.folder.MkdirAll(o.Archive, 0o750); err != nil {
		return err
	}
	to, err := s.free(o.Archive, f.Name)
	if err != nil {
		return err
	}
	return s.folder.Rename(f.Name, to)
}

// Close lets the file go.
func (r *reader) Close(context.Context) error {
	r.closed = true
	if r.open == nil {
		return nil
	}
	return r.closeFile()
}

// keySet returns the canonical form of keys. CSV holds texts only, so that a number that is asked for is meant as its text there.
func (o *object) keySet(keys [][]record.Value) map[string]bool {
	set := make(map[string]bool, len(keys))
	for _, k := range keys {
		m := members{names: o.Key, values: k}
		if o.Format == formatCSV {
			m = m.asText()
		}
		if key, ok := m.key(o.Key); ok {
			set[key] = true
		}
	}
	return set
}
