package rest

import (
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
)

// A phrase is what a parameter says of a condition.
type phrase struct {
	param string
	value string // with a mark for what varies
	mark  string
}

const (
	timeMark   = "{time}"
	filterMark = "{filter}"
)

// of returns the parameter's value for a text; empty where there is no condition.
func (p phrase) of(text string) string {
	if text == "" {
		return ""
	}
	return strings.ReplaceAll(p.value, p.mark, text)
}

// filterPlan is how the application takes filter texts.
type filterPlan struct {
	phrase
	and string // stands between the time and the filter where one parameter says both
}

// queryOf returns the parameters of a read: those that are always sent, and the conditions.
func (r *readPlan) queryOf(since, filter string) map[string]string {
	query := maps.Clone(r.query)
	if query == nil {
		query = map[string]string{}
	}
	if r.since != nil && since != "" {
		query[r.since.param] = r.since.of(since)
	}
	if r.filter != nil && filter != "" {
		text := r.filter.of(filter)
		if before := query[r.filter.param]; before != "" {
			text = before + r.filter.and + text
		}
		query[r.filter.param] = text
	}
	return query
}

// filters returns the modes in which filter texts are taken.
func (o *object) filters() []adapters.ReadMode {
	if o.read == nil || o.read.filter == nil {
		return nil
	}
	modes := []adapters.ReadMode{adapters.ReadFull}
	if o.read.since != nil {
		modes = append(modes, adapters.ReadIncremental)
	}
	if len(o.read.flag) > 0 {
		modes = append(modes, adapters.ReadFlag)
	}
	if o.wayTo(o.names()) != nil {
		modes = append(modes, adapters.ReadKeys)
	}
	return modes
}

// names returns the paths of the key as texts.
func (o *object) names() []string {
	names := make([]string, len(o.key))
	for i, k := range o.key {
		names[i] = k.String()
	}
	return names
}

// wayTo returns how records are found by these fields; nil: no list tells.
func (o *object) wayTo(by []string) *byPlan {
	if o.read == nil {
		return nil
	}
	for i := range o.read.by {
		w := &o.read.by[i]
		if len(w.fields) == len(by) && !slices.ContainsFunc(w.names(), func(n string) bool { return !slices.Contains(by, n) }) {
			return w
		}
	}
	return nil
}
