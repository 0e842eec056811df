package files

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
)

// source is a connection that only reads.
type source struct {
	folder   *os.Root
	abs      string
	objects  map[string]*object
	clock    adapters.Clock
	writable bool
	closed   atomic.Bool
}

// connection reads and writes.
type connection struct {
	*source
	locks *locks
}

var (
	_ adapters.Source      = (*source)(nil)
	_ adapters.Discoverer  = (*source)(nil)
	_ adapters.Destination = (*connection)(nil)
)

// Check lists the folder.
func (s *source) Check(ctx context.Context) (string, error) {
	if s.closed.Load() {
		return "", adapters.ErrClosed
	}
	entries, err := fs.ReadDir(s.folder.FS(), ".")
	if err != nil {
		return "", failure(ctx, "connecting", "", s.abs, err)
	}
	use := "reading"
	if s.writable {
		use = "reading and writing"
	}
	return fmt.Sprintf("folder %q for %s, %d entries", filepath.Base(s.abs), use, len(entries)), ctx.Err()
}

// Close lets the folder go. Readers that are still open end with their next call.
func (s *source) Close(context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.folder.Close()
}

func (s *source) find(op, name string) (*object, error) {
	if s.closed.Load() {
		return nil, adapters.ErrClosed
	}
	o, ok := s.objects[name]
	if !ok {
		return nil, &adapters.Error{Kind: adapters.NotFound, Op: op, Object: name, Rule: "the connection declares no such object"}
	}
	return o, nil
}

// Describe says what the connection declares.
func (s *source) Describe(_ context.Context, name string) (adapters.Object, error) {
	o, err := s.find("describing", name)
	if err != nil {
		return adapters.Object{}, err
	}
	return o.describe(s.writable), nil
}

// Discover describes one object, with the columns of its first file where it is CSV; or all of them, without.
func (s *source) Discover(ctx context.Context, name string) ([]adapters.Object, error) {
	if name != "" {
		o, err := s.find("describing", name)
		if err != nil {
			return nil, err
		}
		out := o.describe(s.writable)
		out.Fields, err = s.fields(ctx, o)
		return []adapters.Object{out}, err
	}
	if s.closed.Load() {
		return nil, adapters.ErrClosed
	}
	var all []adapters.Object
	for _, n := range slices.Sorted(maps.Keys(s.objects)) {
		all = append(all, s.objects[n].describe(s.writable))
	}
	return all, nil
}

// fields returns the columns of a CSV object; nil when they are not known.
func (s *source) fields(ctx context.Context, o *object) ([]adapters.Field, error) {
	if o.Format != formatCSV {
		return nil, nil
	}
	list, err := s.list(o, false)
	if err != nil || len(list) == 0 {
		return nil, failure(ctx, "describing", o.name, "", err)
	}
	f, err := s.folder.Open(list[0].Name)
	if err != nil {
		return nil, failure(ctx, "describing", o.name, list[0].Name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	rs, err := o.records(f)
	if err != nil {
		return nil, failure(ctx, "describing", o.name, list[0].Name, err)
	}
	var fields []adapters.Field
	for _, c := range rs.shape().Columns {
		fields = append(fields, adapters.Field{Name: c.Name, Type: "string", Nullable: true})
	}
	return fields, nil
}
