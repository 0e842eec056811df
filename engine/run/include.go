package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// included is what a flow includes.
type included = config.Include

const (
	// includedMost is how many included records one record may have.
	includedMost = 10_000
	// includedBytes is how much the included records of one batch may hold.
	includedBytes = 64 << 20
	// includedKeys is how many records have theirs read at once.
	includedKeys = 500
)

// A companion is one include of a flow, opened.
type companion struct {
	included
	by    []string      // the fields of the object, sorted
	paths []record.Path // of their values in the record, in that order
	key   []record.Path // of the object, by which its records are put in order; nil: by their text
}

// including adds to each record of a reader those that belong to it. After an error of reading them it goes on with the same batch.
type including struct {
	adapters.Reader
	source  adapters.Source
	parts   []companion
	held    record.Batch // read, and without what belongs to it
	waiting bool
	shape   *record.Shape // of held
	wider   *record.Shape // with a column for each part
}

// including wraps a reader of the source.
func (e *ends) including(ctx context.Context, r adapters.Reader) (*including, error) {
	out := &including{Reader: r, source: e.source}
	for _, in := range e.flow.Spec.Source.Include {
		p := companion{included: in, by: slices.Sorted(maps.Keys(in.Filter))}
		o, err := e.source.Describe(ctx, in.Object)
		if err != nil {
			return nil, fmt.Errorf("include %q: %w", in.Name, err)
		}
		if !o.CanFind(p.by) {
			return nil, unfindable(in.Object, p.by)
		}
		p.key = o.Key
		for _, name := range p.by {
			path, err := record.ParsePath(in.Filter[name])
			if err != nil {
				return nil, fmt.Errorf("include %q: %w", in.Name, err)
			}
			p.paths = append(p.paths, path)
		}
		out.parts = append(out.parts, p)
	}
	return out, nil
}

func unfindable(object string, by []string) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: object, Rule: "its records cannot be found by " + strings.Join(by, ", ")}
}

// Next reads a batch and everything that belongs to its records.
func (r *including) Next(ctx context.Context, b *record.Batch) error {
	if !r.waiting {
		r.held.Reset(nil)
		if err := r.Reader.Next(ctx, &r.held); err != nil {
			b.Reset(nil)
			b.Safe = r.held.Safe
			return err
		}
		r.waiting = true
	}
	b.Reset(nil)
	lists, err := r.lists(ctx)
	if err == nil {
		err = r.fill(b, lists)
	}
	if err != nil {
		return err
	}
	r.waiting = false
	return nil
}

// lists reads what belongs to the records that are held: for each part and each record a list. An absent one: the record is no object, or is
// deleted.
func (r *including) lists(ctx context.Context) ([][]record.Value, error) {
	records := make([]record.Value, r.held.Len())
	for i := range records {
		if r.held.Op(i) == record.Delete {
			continue
		}
		if v, err := recordValue(&r.held, i); err == nil && v.Kind() == record.Object {
			records[i] = v // what is wrong with others, their mapping says
		}
	}
	lists, room := make([][]record.Value, len(r.parts)), includedBytes
	for k := range r.parts {
		p := &r.parts[k]
		lists[k] = make([]record.Value, len(records))
		for from := 0; from < len(records); from += includedKeys {
			to := min(from+includedKeys, len(records))
			if err := p.read(ctx, r.source, records[from:to], lists[k][from:to], &room); err != nil {
				return nil, err
			}
		}
	}
	return lists, nil
}

// A belonging is the records that belong to one key.
type belonging struct {
	records []record.Value // as Raw where they came as documents
	order   [][]record.Value
	texts   []string
}

// read reads what belongs to some records, and fills in a list for each.
func (p *companion) read(ctx context.Context, source adapters.Source, records, lists []record.Value, room *int) error {
	var keys [][]record.Value
	found, own := map[string]*belonging{}, make([]string, len(records))
	for i, v := range records {
		if v.IsAbsent() {
			continue
		}
		if !v.Get(p.Name).IsAbsent() {
			return p.failed("records have a field " + p.Name + " of their own")
		}
		key := make([]record.Value, len(p.paths))
		for j, path := range p.paths {
			key[j] = path.In(v)
		}
		lists[i] = record.ListValue(nil)
		if slices.ContainsFunc(key, func(v record.Value) bool { return strings.TrimSpace(text(v)) == "" }) {
			continue
		}
		if own[i] = keyText(key); found[own[i]] == nil {
			found[own[i]] = &belonging{}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := p.collect(ctx, source, keys, found, room); err != nil {
		return err
	}
	for _, b := range found {
		b.sort()
	}
	for i, text := range own {
		if text != "" {
			lists[i] = record.ListValue(found[text].records)
		}
	}
	return nil
}

// collect reads the records that belong to some keys.
func (p *companion) collect(ctx context.Context, source adapters.Source, keys [][]record.Value, found map[string]*belonging, room *int) (err error) {
	alike := make(map[string]string, len(found))
	for text := range found {
		alike[loose(text)] = text
	}
	reader, err := source.OpenRead(ctx, adapters.ReadRequest{Object: p.Object, Mode: adapters.ReadKeys, By: p.by, Keys: keys})
	if err != nil {
		return lasting(p.Object, err)
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	b := new(record.Batch)
	for {
		err := reader.Next(ctx, b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return lasting(p.Object, err)
		}
		for i := range b.Len() {
			v, err := recordValue(b, i)
			if err != nil {
				return err
			}
			of := keyText(membersOf(v, p.by))
			if found[of] == nil {
				of = alike[loose(of)]
			}
			if of == "" {
				return p.failed("the answer has other records than were asked for")
			}
			if err := p.add(found[of], v, b, i, room); err != nil {
				return err
			}
		}
	}
}

// add adds a record to those of its key.
func (p *companion) add(to *belonging, v record.Value, b *record.Batch, i int, room *int) error {
	order := make([]record.Value, len(p.key))
	for j, path := range p.key {
		order[j] = path.In(v)
	}
	doc := string(appendSource(nil, b, i))
	if b.Encoding == record.Documents {
		v = record.RawValue(doc)
	}
	to.records, to.order, to.texts = append(to.records, v), append(to.order, order), append(to.texts, doc)
	*room -= len(doc)
	switch {
	case len(to.records) > includedMost:
		return p.failed(fmt.Sprintf("more than %d records belong to one", includedMost))
	case *room < 0:
		return p.failed(fmt.Sprintf("what belongs to the records of one batch is larger than %d MiB", includedBytes>>20))
	}
	return nil
}

func (p *companion) failed(rule string) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: p.Object, Rule: rule}
}

// lasting is an error of a reader that is opened anew for the next attempt.
func lasting(object string, err error) error {
	if errors.Is(err, adapters.ErrClosed) {
		return &adapters.Error{Kind: adapters.Unavailable, Op: "reading", Object: object, Rule: "interrupted", Err: err}
	}
	return err
}

// sort puts the records in the order of their keys: a source that lists them in another order each time has not changed.
func (b *belonging) sort() {
	places := make([]int, len(b.records))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int {
		for k := range b.order[i] {
			if c, ok := b.order[i][k].Compare(b.order[j][k]); ok && c != 0 {
				return c
			}
		}
		return strings.Compare(b.texts[i], b.texts[j])
	})
	sorted := make([]record.Value, len(places))
	for i, at := range places {
		sorted[i] = b.records[at]
	}
	b.records = sorted
}

// fill copies the records that are held into b, each with its lists.
func (r *including) fill(b *record.Batch, lists [][]record.Value) error {
	if r.held.Encoding == record.Rows {
		return r.fillRows(b, lists)
	}
	for i := range r.held.Len() {
		doc := bytes.TrimRight(r.held.Doc(i), " \t\r\n")
		if lists[0][i].IsAbsent() {
			b.AppendDoc(doc)
			continue
		}
		b.AppendDocFunc(func(dst []byte) []byte {
			dst = append(dst, doc[:len(doc)-1]...)
			empty := len(bytes.TrimSpace(doc[1:len(doc)-1])) == 0
			for k := range r.parts {
				if !empty || k > 0 {
					dst = append(dst, ',')
				}
				dst = append(record.AppendJSONString(dst, r.parts[k].Name), ':')
				dst = lists[k][i].AppendJSON(dst)
			}
			return append(dst, '}')
		})
	}
	r.finish(b)
	return nil
}

// fillRows is fill for rows: each part is a column more.
func (r *including) fillRows(b *record.Batch, lists [][]record.Value) error {
	if r.shape != r.held.Shape {
		columns := slices.Clone(r.held.Shape.Columns)
		for i := range r.parts {
			if r.held.Shape.Column(r.parts[i].Name) >= 0 {
				return r.parts[i].failed("records have a field " + r.parts[i].Name + " of their own")
			}
			columns = append(columns, record.Column{Name: r.parts[i].Name, Kind: record.List})
		}
		r.shape, r.wider = r.held.Shape, record.NewShape(columns...)
	}
	b.Reset(r.wider)
	for i := range r.held.Len() {
		row := slices.Clone(r.held.Row(i))
		for k := range lists {
			row = append(row, lists[k][i])
		}
		b.CopyRow(row)
	}
	r.finish(b)
	return nil
}

// finish copies what is said of the whole batch.
func (r *including) finish(b *record.Batch) {
	b.Ops, b.Safe, b.Touched = slices.Clone(r.held.Ops), slices.Clone(r.held.Safe), r.held.Touched
}
