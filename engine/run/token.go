package run

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// remembers returns how long the destination recognises a write by its token. Zero: it does not.
func (l *lane) remembers() time.Duration {
	if w, ok := l.writer.(adapters.RepeatableWriter); ok {
		return w.Remembers()
	}
	return 0
}

// token is what a write is known by when it is repeated: of the touchpoint, the source key, the version and the route, and never of chance. Where
// there is no version, or the same one was refused before, what is sent counts, too: a correction is another write. A create that may have been
// sent keeps the token that it was sent with.
func (s *stage) token(it *item) string {
	if it.before.State == state.LedgerIntended && len(it.before.Answer) > 0 {
		return string(it.before.Answer)
	}
	_, g := binary.Varint(it.version) // a reset does not make another write of it
	parts := []secret.Part{
		secret.StringPart("token"), secret.BytesPart(it.source[:]), secret.StringPart(it.route()), secret.BytesPart(it.version[g:]),
	}
	if len(it.version) == g || it.before.State == state.LedgerRejected || s.letters != nil {
		parts = append(parts, secret.BytesPart(it.fingerprint[:]))
	}
	h := s.hasher.Key(parts...)
	return hex.EncodeToString(h[:])
}

// repeatable reports whether a create that may have been sent can be sent again without harm: the destination still knows its token.
func (l *lane) repeatable(it *item, now time.Time) bool {
	window := l.remembers()
	if window == 0 {
		return false
	}
	return it.before.State != state.LedgerIntended || len(it.before.Answer) > 0 && now.Sub(it.before.At) < window
}
