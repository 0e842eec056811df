package run

import (
	"github.com/dray-sync/dray/adapters/record"
)

// see keeps the source key of a record that was come past, and of each element that it is split into, whatever becomes of them: they are at the
// source. extra is nil for a record that cannot be read.
func (s *stage) see(extra []record.Value) {
	if extra == nil {
		s.blind = true
		return
	}
	key := extra[:s.ends.key:s.ends.key]
	if s.ends.flow.Spec.Split == nil {
		s.seeKey(key)
		return
	}
	n, ok := s.head.Elements()
	s.blind = s.blind || !ok
	if !ok {
		return
	}
	for i := range n {
		s.seeKey(append(key, s.head.Turn(i)...))
	}
}

// seeKey keeps one key.
func (s *stage) seeKey(key []record.Value) {
	hash, ok := hashKey(s.hasher, key, s.parts)
	s.blind = s.blind || !ok
	if ok {
		s.seen = append(s.seen, hash)
	}
}

// watch lets the stage keep every source key that is come past.
func (s *stage) watch() { s.come = s.see }
