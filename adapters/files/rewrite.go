package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// makeFile writes the batch as a new file, named after the pattern and the time.
func (w *writer) makeFile(ctx context.Context, batch []*pending) error {
	if len(batch) == 0 {
		return nil
	}
	stamp := strings.Replace(w.conn.clock.Now().UTC().Format("20060102T150405.000000"), ".", "-", 1)
	name := strings.Replace(w.object.Pattern, "*", stamp, 1)
	draft, err := w.draft(name, columnNames(w.req.Shape), 0o640)
	if err != nil {
		return err
	}
	defer draft.discard()
	for _, p := range batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.alone(p)
		if err := draft.add(p.members); err != nil {
			return err
		}
	}
	return draft.publish()
}

// rewrite copies the one file with the batch merged into it, and puts the copy in its place.
func (w *writer) rewrite(ctx context.Context, batch []*pending) error {
	name := w.object.Pattern
	old, err := w.conn.folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		old, err = nil, nil
	}
	if err != nil {
		return err
	}
	var from records
	mode := fs.FileMode(0o640)
	columns := columnNames(w.req.Shape)
	if old != nil {
		defer func() { _ = old.Close() }() // it was only read
		info, err := old.Stat()
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
		if from, err = w.object.records(old); err != nil {
			return err
		}
		columns = union(from.shape(), columns)
	}
	draft, err := w.draft(name, columns, mode)
	if err != nil {
		return err
	}
	defer draft.discard()
	touched, err := w.merge(ctx, from, batch, draft)
	if err != nil || !touched {
		return err
	}
	return draft.publish()
}

// union returns the columns that are there and behind them those that are new.
func union(there *record.Shape, sent []string) []string {
	if there == nil {
		return sent
	}
	names := columnNames(there)
	for _, n := range sent {
		if there.Column(n) < 0 {
			names = append(names, n)
		}
	}
	return names
}

// merge writes what is there and what comes into the draft. touched is whether that differs from what is there.
func (w *writer) merge(ctx context.Context, from records, batch []*pending, draft *draft) (touched bool, err error) {
	byKey := make(map[string]*pending, len(batch))
	for _, p := range batch {
		if p.key != "" {
			byKey[p.key] = p
		}
	}
	if from != nil {
		if touched, err = w.copyOld(ctx, from, byKey, draft); err != nil {
			return false, err
		}
	}
	for _, p := range batch {
		if p.done || !w.alone(p) {
			continue
		}
		if err := draft.add(p.members); err != nil {
			return false, err
		}
		touched = true
	}
	return touched, nil
}

// copyOld copies the records that are there, each merged with the one of the batch that has its key.
func (w *writer) copyOld(ctx context.Context, from records, byKey map[string]*pending, draft *draft) (touched bool, err error) {
	var b record.Batch
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		b.Reset(from.shape())
		if err := from.next(&b); errors.Is(err, io.EOF) {
			return touched, nil
		} else if err != nil {
			return false, err
		}
		m, err := membersOf(&b, 0)
		if err != nil {
			return false, err
		}
		if key, ok := m.key(w.req.Key); ok && byKey[key] != nil {
			p := byKey[key]
			var keep bool
			m, keep = w.meet(p, m)
			touched = touched || p.out.Result == adapters.Updated || p.out.Result == adapters.Deleted
			if !keep {
				continue
			}
		}
		if err := draft.add(m); err != nil {
			return false, err
		}
	}
}

// draft is a file that nobody sees before it is complete.
type draft struct {
	conn    *connection
	object  *object
	name    string // what it will be called
	temp    string
	file    *os.File
	out     *encoder
	columns []string
	done    bool
}

// draft starts a file beside where it will be. A draft that a crash left behind is written over.
func (w *writer) draft(name string, columns []string, mode fs.FileMode) (*draft, error) {
	o := w.object
	if o.Format == formatCSV && !o.Header {
		columns = o.Columns
	}
	dir, base := path.Split(name)
	if dir != "" {
		if err := w.conn.folder.MkdirAll(path.Clean(dir), 0o750); err != nil {
			return nil, err
		}
	}
	d := &draft{conn: w.conn, object: o, name: name, temp: dir + "." + base + ".dray", columns: columns}
	var err error
	if d.file, err = w.conn.folder.OpenFile(d.temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode); err != nil {
		return nil, err
	}
	d.out = newEncoder(d.file, o)
	if o.Format == formatCSV && o.Header {
		cells := make([]cell, len(columns))
		for i, c := range columns {
			cells[i] = cell{text: c}
		}
		err = d.out.row(cells)
	}
	if err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// add writes one record.
func (d *draft) add(m members) error {
	if d.object.Format != formatCSV {
		return d.out.document(record.AppendJSONObject(nil, m.names, m.values))
	}
	cells := make([]cell, len(d.columns))
	for i, c := range d.columns {
		v := m.get(c)
		cells[i] = cell{text: v.Text(), blank: v.IsNull()}
	}
	return d.out.row(cells)
}

// publish makes the draft durable and gives it its name. A file that only came to be since is not written over.
func (d *draft) publish() error {
	if err := d.out.end(); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	if err := d.file.Close(); err != nil {
		return err
	}
	name := d.name
	if d.object.wild() {
		var err error
		if name, err = d.conn.free(path.Dir(name), name); err != nil {
			return err
		}
	}
	if err := d.conn.folder.Rename(d.temp, name); err != nil {
		return err
	}
	d.done = true
	return d.conn.syncFolder(path.Dir(name))
}

// discard removes a draft that was not published.
func (d *draft) discard() {
	if d.done {
		return
	}
	_ = d.file.Close()               // it is given up
	_ = d.conn.folder.Remove(d.temp) // the next draft writes over it otherwise
}

// free returns a name in dir like that of name which no file has.
func (s *source) free(dir, name string) (string, error) {
	base := path.Base(name)
	ext := path.Ext(base)
	for n := 1; ; n++ {
		try := base
		if n > 1 {
			try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(base, ext), n, ext)
		}
		to := path.Join(dir, try)
		switch _, err := s.folder.Lstat(to); {
		case errors.Is(err, fs.ErrNotExist):
			return to, nil
		case err != nil:
			return "", err
		}
	}
}

// syncFolder makes a new name durable.
func (s *source) syncFolder(dir string) error {
	f, err := s.folder.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
