package rest

import (
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// An object of a declared application, ready for use.
type object struct {
	name    string
	key     []record.Path
	cursor  record.Path // nil: none
	version record.Path
	fields  []adapters.Field
	read    *readPlan
	writes  map[adapters.WriteMode]*writePlan
	actions map[string]*writePlan
}

// readPlan is how an object is read.
type readPlan struct {
	path    string
	query   map[string]string
	records record.Path // empty: the answer itself
	paging  pagingDeclaration
	next    record.Path
	more    record.Path
	total   record.Path
	since   *sincePlan
	filter  *filterPlan
	flag    map[string]string // the parameters that ask for what has a flag; empty: none do
	by      []byPlan
	byKey   *template
	fetched record.Path // of the record in the answer to byKey
	keys    []int       // for each field of byKey, its place in the key
}

type sincePlan struct {
	phrase
	format timeFormat
	cursor timeFormat
	sorted bool
}

// writePlan is one kind of write.
type writePlan struct {
	method string
	path   template
	wrap   string
	id     record.Path
	token  *tokenPlan // nil: the API recognises no repetition
}

// describe converts to the contract's form.
func (o *object) describe() adapters.Object {
	d := adapters.Object{Name: o.name, Key: o.key, Version: o.version, Fields: o.fields}
	if o.read != nil {
		d.Reads = append(d.Reads, adapters.ReadFull)
		if o.read.since != nil {
			d.Reads = append(d.Reads, adapters.ReadIncremental)
			d.Cursor = []record.Path{o.cursor}
		}
		if len(o.read.flag) > 0 {
			d.Reads = append(d.Reads, adapters.ReadFlag)
		}
		if d.Finds = o.finds(); len(d.Finds) > 0 {
			d.Reads = append(d.Reads, adapters.ReadKeys)
		}
		d.Filters = o.filters()
	}
	for _, mode := range []adapters.WriteMode{adapters.WriteCreate, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete} {
		if o.writes[mode] != nil {
			d.Writes = append(d.Writes, mode)
		}
	}
	for _, mode := range o.composed() {
		d.Writes, d.LooksUp = append(d.Writes, mode), append(d.LooksUp, mode)
	}
	if len(o.actions) > 0 {
		d.Writes, d.Actions = append(d.Writes, adapters.WriteAction), slices.Sorted(maps.Keys(o.actions))
	}
	return d
}
