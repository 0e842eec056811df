package repo

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// packEntry is an object of a pack being written by hand.
type packEntry struct {
	typ  plumbing.ObjectType
	base []byte // what goes between the header and the content of a delta
	data []byte
	size int // 0 for that of data
}

// writePack writes a pack.
func writePack(t testing.TB, entries ...packEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("PACK")
	for _, n := range []uint32{2, uint32(len(entries))} {
		if err := binary.Write(&b, binary.BigEndian, n); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range entries {
		size := e.size
		if size == 0 {
			size = len(e.data)
		}
		first := byte(e.typ)<<4 | byte(size&15)
		if size >>= 4; size == 0 {
			b.WriteByte(first)
		} else {
			b.WriteByte(first | 0x80)
			b.Write(binary.AppendUvarint(nil, uint64(size)))
		}
		b.Write(e.base)
		z := zlib.NewWriter(&b)
		if _, err := z.Write(e.data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha1.Sum(b.Bytes())
	b.Write(sum[:])
	return b.Bytes()
}

// insertion is a delta that makes text whatever the base, of baseSize bytes.
func insertion(baseSize int, text string) []byte {
	d := binary.AppendUvarint(nil, uint64(baseSize))
	d = binary.AppendUvarint(d, uint64(len(text)))
	return append(append(d, byte(len(text))), text...)
}

func blobHash(text string) plumbing.Hash {
	return plumbing.ComputeHash(plumbing.BlobObject, []byte(text))
}

func TestUnpackDeltas(t *testing.T) {
	base, second := blobHash("base"), blobHash("second")
	// The delta on second comes before second, which is itself a delta.
	pack := writePack(t,
		packEntry{typ: plumbing.REFDeltaObject, base: second[:], data: insertion(6, "third")},
		packEntry{typ: plumbing.REFDeltaObject, base: base[:], data: insertion(4, "second")},
		packEntry{typ: plumbing.BlobObject, data: []byte("base")},
	)
	store, err := unpack(t.Context(), bytes.NewReader(pack), Limits{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"base", "second", "third"} {
		if got, err := store.read(blobHash(text), plumbing.BlobObject); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if _, err := store.read(base, plumbing.TreeObject); !errors.Is(err, errDamaged) {
		t.Errorf("a file read as a directory: %v", err)
	}
}

func TestUnpackDamaged(t *testing.T) {
	blob := packEntry{typ: plumbing.BlobObject, data: []byte("base")}
	base := blobHash("base")
	good := writePack(t, blob)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	missing := blobHash("nowhere")
	huge := append(binary.AppendUvarint(binary.AppendUvarint(nil, 4), 1<<50), 0x80)
	limits := Limits{UnpackedBytes: 1000, Objects: 10}.withDefaults()
	for _, c := range []struct {
		name    string
		pack    []byte
		limited bool
	}{
		{"nothing", nil, false},
		{"cut short", good[:len(good)-25], false},
		{"wrong checksum", flipped, false},
		{"base is missing", writePack(t, packEntry{typ: plumbing.REFDeltaObject, base: missing[:], data: insertion(4, "x")}), false},
		{"base of another size", writePack(t, blob, packEntry{typ: plumbing.REFDeltaObject, base: base[:], data: insertion(5, "x")}), false},
		{"empty delta", writePack(t, blob, packEntry{typ: plumbing.REFDeltaObject, base: base[:], data: []byte{4}}), false},
		{"offset before the pack", writePack(t, packEntry{typ: plumbing.OFSDeltaObject, base: []byte{5}, data: insertion(4, "x")}), false},
		{"longer than announced", writePack(t, packEntry{typ: plumbing.BlobObject, data: []byte("base"), size: 3}), false},
		{"shorter than announced", writePack(t, packEntry{typ: plumbing.BlobObject, data: []byte("base"), size: 5}), false},
		{"delta that unpacks to a petabyte", writePack(t, blob, packEntry{typ: plumbing.REFDeltaObject, base: base[:], data: huge}), true},
		{"announces more than allowed", writePack(t, packEntry{typ: plumbing.BlobObject, data: []byte("base"), size: 1 << 40}), true},
		{"zlib bomb", writePack(t, packEntry{typ: plumbing.BlobObject, data: bytes.Repeat([]byte{0}, 2000)}), true},
		{"many together", writePack(t,
			packEntry{typ: plumbing.BlobObject, data: []byte(strings.Repeat("a", 600))},
			packEntry{typ: plumbing.BlobObject, data: []byte(strings.Repeat("b", 600))}), true},
		{"too many", writePack(t, make([]packEntry, 11)...), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := unpack(t.Context(), bytes.NewReader(c.pack), limits)
			var limit *limitError
			if err == nil || errors.As(err, &limit) != c.limited {
				t.Errorf("got %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := unpack(ctx, bytes.NewReader(good), limits); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func FuzzUnpack(f *testing.F) {
	base := blobHash("base")
	f.Add(writePack(f, packEntry{typ: plumbing.BlobObject, data: []byte("base")},
		packEntry{typ: plumbing.REFDeltaObject, base: base[:], data: insertion(4, "second")},
		packEntry{typ: plumbing.TreeObject, data: []byte("100644 a\x00" + string(base[:]))}))
	f.Fuzz(func(t *testing.T, pack []byte) {
		limits := Limits{UnpackedBytes: 1 << 20, Objects: 1000}.withDefaults()
		store, err := unpack(t.Context(), bytes.NewReader(pack), limits)
		if err != nil {
			return
		}
		var total int64
		for hash, o := range store {
			total += int64(len(o.data))
			if o.typ == plumbing.TreeObject {
				if tree, err := readTree(t.Context(), store, hash, limits); err == nil {
					checkTree(t, tree)
				}
			}
		}
		if total > limits.UnpackedBytes {
			t.Errorf("%d bytes unpacked", total)
		}
	})
}

// checkTree checks what holds for every tree.
func checkTree(t *testing.T, tree *Tree) {
	t.Helper()
	for _, f := range tree.Files() {
		if checkPath(f.Path) != nil {
			t.Errorf("path %q", f.Path)
		}
		if data, err := tree.ReadFile(f.Path); err != nil || int64(len(data)) != f.Size {
			t.Errorf("%q: %d bytes, want %d, %v", f.Path, len(data), f.Size, err)
		}
	}
}

func FuzzReadTree(f *testing.F) {
	base := blobHash("base")
	f.Add([]byte("100644 a\x00" + string(base[:]) + "120000 b\x00" + string(base[:])))
	f.Add([]byte("100644 ../a\x00" + string(base[:])))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := plumbing.ComputeHash(plumbing.TreeObject, data)
		store := packStore{
			base: {typ: plumbing.BlobObject, data: []byte("base")},
			root: {typ: plumbing.TreeObject, data: data},
		}
		if tree, err := readTree(t.Context(), store, root, Limits{}.withDefaults()); err == nil {
			checkTree(t, tree)
		}
	})
}

// countingStore counts what is read.
type countingStore struct {
	packStore
	trees, blobs int
}

func (s *countingStore) read(h plumbing.Hash, typ plumbing.ObjectType) ([]byte, error) {
	switch typ {
	case plumbing.TreeObject:
		s.trees++
	case plumbing.BlobObject:
		s.blobs++
	}
	return s.packStore.read(h, typ)
}

// TestEachObjectIsReadOnce holds the promise that reading grows with the size
// of the tree and not with its square.
func TestEachObjectIsReadOnce(t *testing.T) {
	const files = 2000
	store := &countingStore{packStore: packStore{}}
	var dir bytes.Buffer
	for i := range files {
		text := fmt.Sprintf("file %d", i)
		hash := blobHash(text)
		store.packStore[hash] = packObject{plumbing.BlobObject, []byte(text)}
		fmt.Fprintf(&dir, "100644 %04d.yaml\x00%s", i, hash[:])
	}
	below := plumbing.ComputeHash(plumbing.TreeObject, dir.Bytes())
	store.packStore[below] = packObject{plumbing.TreeObject, dir.Bytes()}
	top := fmt.Appendf(nil, "40000 touchpoints\x00%s", below[:])
	root := plumbing.ComputeHash(plumbing.TreeObject, top)
	store.packStore[root] = packObject{plumbing.TreeObject, top}

	tree, err := readTree(t.Context(), store, root, Limits{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tree.Files() {
		if _, err := tree.ReadFile(f.Path); err != nil {
			t.Fatal(err)
		}
	}
	if len(tree.Files()) != files || store.trees != 2 || store.blobs != files {
		t.Errorf("%d files took %d directories and %d files read", len(tree.Files()), store.trees, store.blobs)
	}
}

// TestTreeOfTrees has a directory that holds the next one ten times, and so
// on: a few hundred bytes that stand for ten billion directories.
func TestTreeOfTrees(t *testing.T) {
	store := packStore{}
	hash := blobHash("x")
	store[hash] = packObject{plumbing.BlobObject, []byte("x")}
	mode := "100644"
	for range 10 {
		var dir bytes.Buffer
		for i := range 10 {
			fmt.Fprintf(&dir, "%s %d\x00%s", mode, i, hash[:])
		}
		hash = plumbing.ComputeHash(plumbing.TreeObject, dir.Bytes())
		store[hash] = packObject{plumbing.TreeObject, dir.Bytes()}
		mode = "40000"
	}
	tree, err := readTree(t.Context(), store, hash, Limits{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	want := []TreeProblem{{".", "more than 20000 files and directories", "keep only configuration in this repository"}}
	if got := tree.Problems(); len(got) != 1 || got[0] != want[0] {
		t.Errorf("problems are %v", got)
	}
}
