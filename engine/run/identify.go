package run

import (
	"strings"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// part turns a value of a key into what keyed hashes are made of. false: the value is no key.
func part(v record.Value) (secret.Part, bool) {
	switch v.Kind() {
	case record.Bool:
		return secret.BoolPart(v.Bool()), true
	case record.Int, record.Decimal:
		if n, ok := v.Int64(); ok {
			return secret.IntPart(n), true
		}
		p, err := secret.DecimalPart(v.Text())
		return p, err == nil
	case record.String:
		return secret.StringPart(v.Text()), strings.TrimSpace(v.Text()) != ""
	case record.Bytes:
		return secret.BytesPart([]byte(v.Text())), v.Text() != ""
	case record.Date:
		return secret.DatePart(v.Time().Format("2006-01-02")), true
	case record.Timestamp:
		return secret.TimestampPart(v.Time().UTC().Format("2006-01-02T15:04:05.999999999Z")), true
	default:
		return secret.Part{}, false
	}
}

// hashKey returns the keyed hash of a key. false: a part of it is absent, null or blank.
func hashKey(h *secret.Hasher, values []record.Value, scratch []secret.Part) (state.KeyHash, bool) {
	parts := scratch[:0]
	for _, v := range values {
		p, ok := part(v)
		if !ok {
			return state.KeyHash{}, false
		}
		parts = append(parts, p)
	}
	return state.KeyHash(h.Key(parts...)), true
}

// encodeKey writes a key for sealing: a JSON list.
func encodeKey(dst []byte, values []record.Value) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = v.AppendJSON(dst)
	}
	return append(dst, ']')
}

// text is a value as a person searches for it.
func text(v record.Value) string {
	if v.IsNull() {
		return ""
	}
	if t := v.Text(); t != "" || v.Kind() == record.String {
		return t
	}
	return strings.Trim(string(v.AppendJSON(nil)), `"`)
}

// SearchHashes returns the hashes under which a value that a person typed may be found: as text and, if it is one, as number; and as the source
// key on each of the named routes.
func SearchHashes(h *secret.Hasher, value string, routes ...string) []state.KeyHash {
	hashes := []state.KeyHash{state.KeyHash(h.Key(secret.StringPart(value)))}
	if p, err := secret.DecimalPart(value); err == nil {
		hashes = append(hashes, state.KeyHash(h.Key(p)))
	}
	plain := hashes[:len(hashes):len(hashes)]
	for _, name := range routes {
		tag := routeTag(h, name)
		for _, key := range plain {
			hashes = append(hashes, state.RouteKey(tag, key))
		}
	}
	return hashes
}
