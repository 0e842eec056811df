package record

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// keySet finds duplicate names in the objects being scanned. It is a stack: an inner object's names lie above the outer's.
// Few names are compared one by one; from linearKeys on a table of hashes with a secret seed keeps hostile objects cheap.
type keySet struct {
	entries []keyEntry
	table   []int32 // open addressing; index into entries plus one
	seed    maphash.Seed
}

type keyEntry struct {
	mark uint64 // tells most names apart at one comparison
	name string
}

// keyFrame is one object's part of a keySet.
type keyFrame struct {
	base  int // first entry
	table int // start of the table, while size > 0
	size  int // a power of two; 0 while names are compared one by one
	below int // length of the table stack underneath
}

const linearKeys = 16

func (k *keySet) open() keyFrame { return keyFrame{base: len(k.entries), below: len(k.table)} }

func (k *keySet) close(f *keyFrame) {
	k.entries, k.table = k.entries[:f.base], k.table[:f.below]
}

func (k *keySet) reset() { k.entries, k.table = k.entries[:0], k.table[:0] }

// keyMark mixes length, first and last bytes of a name.
func keyMark(s string) uint64 {
	m := uint64(len(s))
	if len(s) == 0 {
		return m
	}
	m = m<<8 | uint64(s[0])
	m = m<<8 | uint64(s[len(s)-1])
	m = m<<8 | uint64(s[len(s)/2])
	return m<<8 | uint64(s[len(s)/4])
}

// add notes a name of the innermost object and reports false when it is there already.
func (k *keySet) add(f *keyFrame, name string) bool {
	e := keyEntry{mark: keyMark(name), name: name}
	if f.size == 0 {
		own := k.entries[f.base:]
		for i := range own {
			if own[i].mark == e.mark && own[i].name == name {
				return false
			}
		}
		k.entries = append(k.entries, e)
		if len(own) >= linearKeys {
			k.rehash(f, 4<<bits.Len(uint(len(own))))
		}
		return true
	}
	if !k.insert(f, name, len(k.entries)) {
		return false
	}
	k.entries = append(k.entries, e)
	if 2*(len(k.entries)-f.base) > f.size {
		k.rehash(f, 4*f.size)
	}
	return true
}

// rehash puts the object's names into a table of the given size above everything else.
func (k *keySet) rehash(f *keyFrame, size int) {
	f.table, f.size = len(k.table), size
	k.table = slices.Grow(k.table, size)[:f.table+size]
	clear(k.table[f.table:])
	for i := f.base; i < len(k.entries); i++ {
		k.insert(f, k.entries[i].name, i)
	}
}

func (k *keySet) insert(f *keyFrame, name string, entry int) bool {
	table := k.table[f.table : f.table+f.size]
	at := int(maphash.String(k.seed, name)) & (f.size - 1)
	for table[at] != 0 {
		if k.entries[table[at]-1].name == name {
			return false
		}
		at = (at + 1) & (f.size - 1)
	}
	table[at] = int32(entry + 1)
	return true
}
