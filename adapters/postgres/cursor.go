package postgres

import (
	"encoding/json"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A place is what a cursor holds: the sorting columns of the last row delivered, as the database writes them.
type place struct {
	Version int               `json:"v"`
	Mode    adapters.ReadMode `json:"mode"`
	Values  []string          `json:"values"`
}

const placeVersion = 1

func (p place) cursor() record.Cursor {
	text, err := json.Marshal(p)
	if err != nil {
		panic("postgres: internal error: a cursor of texts does not marshal")
	}
	return text
}

// parsePlace reads a cursor for a read that sorts by n columns.
func parsePlace(c record.Cursor, mode adapters.ReadMode, n int) (place, bool) {
	var p place
	if err := strictly(json.RawMessage(c), &p); err != nil {
		return p, false
	}
	return p, p.Version == placeVersion && p.Mode == mode && len(p.Values) == n
}
