package run

import (
	"context"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// askLedger asks the ledger of another touchpoint for some keys, and returns a reply for each. A touchpoint that never ran has none.
func (e *ends) askLedger(ctx context.Context, l *lookup, keys [][]record.Value) ([]reply, error) {
	replies := make([]reply, len(keys))
	if e.store == nil {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "lookup " + l.name, Object: l.Ledger, Rule: "there is no ledger here: only an agent has one, and mode: observe tries it there"}
	}
	t, err := e.store.Touchpoint(ctx, l.Ledger)
	if state.ReasonOf(err) == state.NotFound {
		for i := range replies {
			replies[i].answer = mapping.Missing
		}
		return replies, nil
	}
	if err != nil {
		return nil, err
	}
	h, err := e.store.Hasher(t)
	if err != nil {
		return nil, err
	}
	var hashes []state.KeyHash
	var owners []int // of the hashes
	for i, key := range keys {
		for _, hash := range keyHashes(h, key) {
			if l.Direction == "forward" {
				hash = state.RouteKey(routeTag(h, l.Route), hash)
			}
			hashes, owners = append(hashes, hash), append(owners, i)
		}
	}
	found, err := e.ledgerEntries(ctx, t.ID, l.Direction, hashes)
	if err != nil {
		return nil, err
	}
	for i := range replies {
		replies[i].answer = mapping.Missing
	}
	for k, entries := range found {
		for j := range entries {
			if entry := &entries[j]; entry.State.Delivered() && entry.Route == l.Route {
				replies[owners[k]].take(otherName(entry, l.Direction))
			}
		}
	}
	return replies, nil
}

// ledgerEntries returns the entries of each hash: of a source key, or of what the destination calls the record.
func (e *ends) ledgerEntries(ctx context.Context, touchpointID int64, direction string, hashes []state.KeyHash) ([][]state.LedgerEntry, error) {
	if direction == "reverse" {
		return e.store.Sources(ctx, touchpointID, hashes)
	}
	entries, err := e.store.Lookup(ctx, touchpointID, hashes)
	found := make([][]state.LedgerEntry, len(entries))
	for i := range entries {
		found[i] = entries[i : i+1]
	}
	return found, err
}

// take notes one more record that was found.
func (r *reply) take(v record.Value, ok bool) {
	switch {
	case !ok:
	case r.answer == mapping.Found && keyText([]record.Value{r.value}) != keyText([]record.Value{v}):
		r.answer = mapping.Ambiguous
	case r.answer == mapping.Missing:
		r.answer, r.value = mapping.Found, v
	}
}

// otherName returns what the record of an entry is called at the other end: a single value, or a list of those that make up its key.
func otherName(e *state.LedgerEntry, direction string) (record.Value, bool) {
	if direction == "forward" && len(e.Answer) > 0 {
		v, err := record.ParseJSON(e.Answer)
		return v, err == nil
	}
	key := e.Key
	if direction == "forward" {
		key = e.DestID
	}
	v, err := record.ParseJSON(key)
	if err != nil || v.Len() == 0 {
		return v, false
	}
	if v.Len() == 1 {
		return v.Index(0), true
	}
	return v, true
}

// keyHashes returns the hashes under which a key may stand in a ledger: as it is, and with its parts as texts and as numbers, since the two ends of a
// flow need not agree which they are.
func keyHashes(h *secret.Hasher, key []record.Value) []state.KeyHash {
	texts, numbers := make([]record.Value, len(key)), make([]record.Value, len(key))
	for i, v := range key {
		texts[i] = record.StringValue(text(v))
		numbers[i] = v
		if n, err := record.ParseJSON([]byte(text(v))); err == nil && (n.Kind() == record.Int || n.Kind() == record.Decimal) {
			numbers[i] = n
		}
	}
	var all []state.KeyHash
	seen := map[state.KeyHash]bool{}
	for _, form := range [][]record.Value{key, texts, numbers} {
		if hash, ok := hashKey(h, form, nil); ok && !seen[hash] {
			seen[hash] = true
			all = append(all, hash)
		}
	}
	return all
}
