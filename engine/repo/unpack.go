package repo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// errDamaged marks data that no git would write.
var errDamaged = errors.New("damaged git data")

// packStore holds the objects of one pack in memory.
type packStore map[plumbing.Hash]packObject

// packObject is an object with its deltas applied.
type packObject struct {
	typ  plumbing.ObjectType
	data []byte
}

func (s packStore) size(h plumbing.Hash) (int64, error) {
	o, ok := s[h]
	if !ok {
		return 0, fmt.Errorf("%w: object %s is missing", errDamaged, h)
	}
	return int64(len(o.data)), nil
}

func (s packStore) read(h plumbing.Hash, typ plumbing.ObjectType) ([]byte, error) {
	o, ok := s[h]
	if !ok {
		return nil, fmt.Errorf("%w: object %s is missing", errDamaged, h)
	}
	if o.typ != typ {
		return nil, fmt.Errorf("%w: object %s is a %s, not a %s", errDamaged, h, o.typ, typ)
	}
	return o.data, nil
}

// unpacker reads a pack. The parser of go-git is not used because it has no
// bound on what it unpacks: a few kilobytes of deltas can stand for terabytes.
type unpacker struct {
	scanner  *packfile.Scanner
	left     int64 // bytes that may still be unpacked
	limits   Limits
	byOffset map[int64]plumbing.Hash
	store    packStore
	waiting  map[plumbing.Hash][]delta // by the hash of the base not yet seen
}

// delta is an object written as changes to another.
type delta struct {
	offset int64
	data   []byte
}

// unpack reads a pack to its end, checks its checksum and returns its objects.
func unpack(ctx context.Context, r io.Reader, limits Limits) (packStore, error) {
	u := &unpacker{
		scanner:  packfile.NewScanner(r),
		left:     limits.UnpackedBytes,
		limits:   limits,
		byOffset: map[int64]plumbing.Hash{},
		store:    packStore{},
		waiting:  map[plumbing.Hash][]delta{},
	}
	_, count, err := u.scanner.Header()
	if err != nil {
		return nil, fmt.Errorf("reading pack: %w", err)
	}
	if int64(count) > int64(limits.Objects) {
		return nil, &limitError{fmt.Sprintf("the server sent %d git objects, more than the %d allowed", count, limits.Objects)}
	}
	for range count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := u.next(); err != nil {
			return nil, fmt.Errorf("reading pack: %w", err)
		}
	}
	if _, err := u.scanner.Checksum(); err != nil {
		return nil, fmt.Errorf("reading pack: %w", err)
	}
	if len(u.waiting) > 0 {
		return nil, fmt.Errorf("%w: the pack lacks objects that others build on", errDamaged)
	}
	return u.store, nil
}

// next reads one object of the pack.
func (u *unpacker) next() error {
	header, err := u.scanner.NextObjectHeader()
	if err != nil {
		return err
	}
	if err := u.spend(header.Length); err != nil {
		return err
	}
	// The scanner refuses content longer than the header says, so the bound
	// just spent holds; a longer announcement than content costs nothing.
	var content bytes.Buffer
	content.Grow(int(min(header.Length, 1<<20)))
	if _, _, err := u.scanner.NextObject(&content); err != nil {
		return err
	}
	if int64(content.Len()) != header.Length {
		return fmt.Errorf("%w: an object is shorter than announced", errDamaged)
	}
	d := delta{offset: header.Offset, data: content.Bytes()}
	switch header.Type {
	case plumbing.OFSDeltaObject:
		base, ok := u.byOffset[header.OffsetReference]
		if !ok {
			// Git writes the base first, so it can only be a delta that waits for
			// a base of its own; no server mixes the two.
			return fmt.Errorf("%w: no object at offset %d", errDamaged, header.OffsetReference)
		}
		return u.apply(base, d)
	case plumbing.REFDeltaObject:
		if _, ok := u.store[header.Reference]; !ok {
			u.waiting[header.Reference] = append(u.waiting[header.Reference], d)
			return nil
		}
		return u.apply(header.Reference, d)
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		return u.put(header.Offset, header.Type, d.data)
	default:
		return fmt.Errorf("%w: object of unknown type", errDamaged)
	}
}

// spend takes n bytes off what may still be unpacked.
func (u *unpacker) spend(n int64) error {
	if n < 0 || n > u.left {
		return &limitError{fmt.Sprintf("unpacked it has more than the %d bytes allowed", u.limits.UnpackedBytes)}
	}
	u.left -= n
	return nil
}

// apply makes an object from its base and a delta.
func (u *unpacker) apply(base plumbing.Hash, d delta) error {
	target, err := deltaTarget(d.data)
	if err != nil {
		return err
	}
	if err := u.spend(target); err != nil {
		return err
	}
	from := u.store[base]
	data, err := packfile.PatchDelta(from.data, d.data)
	if err != nil {
		return err
	}
	return u.put(d.offset, from.typ, data)
}

// put stores an object and applies the deltas that waited for it.
func (u *unpacker) put(offset int64, typ plumbing.ObjectType, data []byte) error {
	hash := plumbing.ComputeHash(typ, data)
	u.store[hash] = packObject{typ: typ, data: data}
	u.byOffset[offset] = hash
	waiting := u.waiting[hash]
	delete(u.waiting, hash)
	for _, d := range waiting {
		if err := u.apply(hash, d); err != nil {
			return err
		}
	}
	return nil
}

// deltaTarget returns the length of what a delta makes: it begins with the
// length of the base and that of the result, each seven bits a byte, lowest
// first, the same as an unsigned varint.
func deltaTarget(data []byte) (int64, error) {
	_, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, fmt.Errorf("%w: malformed delta", errDamaged)
	}
	target, m := binary.Uvarint(data[n:])
	if m <= 0 || target > 1<<62 {
		return 0, fmt.Errorf("%w: malformed delta", errDamaged)
	}
	return int64(target), nil
}
