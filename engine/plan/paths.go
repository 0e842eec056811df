package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// A DataPath is a way that data takes: from an object of one connection to an object of another.
type DataPath struct {
	Touchpoint  string `json:"touchpoint"`
	Source      string `json:"source"`      // connection/object
	Destination string `json:"destination"` // connection/object
	// Host is where the destination is: scheme, host and port. Empty: it reaches no host.
	Host string `json:"host,omitempty"`
	// Classes are those of the fields that newly take this way, where their objects say so: personal, financial, secret.
	Classes []string `json:"classes,omitempty"`
	// Fields are those fields of the source: more than take the way rather than less.
	Fields []string `json:"fields,omitempty"`
	// Known reports whether other data took this way before, and only its classes are new.
	Known bool `json:"known,omitempty"`
}

// String returns the path in a sentence.
func (d DataPath) String() string {
	what := "data"
	if len(d.Classes) > 0 {
		what = fmt.Sprintf("%s data (%s)", list(d.Classes), list(d.Fields))
	}
	text := fmt.Sprintf("%s from %s to %s", what, d.Source, d.Destination)
	if d.Host != "" {
		text += " at " + d.Host
	}
	if d.Known {
		return text + ", where other data went before"
	}
	return text
}

// Risk is that of a new path: fields with a class are not sent anywhere unread.
func (d DataPath) Risk() Risk {
	if len(d.Classes) > 0 {
		return Dangerous
	}
	return Review
}

// newPaths lists the ways that data could not take before, by touchpoint.
func (p *pair) newPaths() (out []DataPath) {
	known := map[string]map[classified]bool{} // what went which way
	for _, w := range ways(p.from, func(c string) string { return p.newName("Connection", c) }) {
		if known[w.way()] == nil {
			known[w.way()] = map[classified]bool{}
		}
		for _, c := range w.fields {
			known[w.way()][c] = true
		}
	}
	seen := map[string]bool{}
	for _, w := range ways(p.to, func(c string) string { return c }) {
		before, was := known[w.way()]
		d := w.DataPath
		d.Known = was
		for _, c := range w.fields {
			if !before[c] {
				d.Fields = append(d.Fields, c.path)
				if !slices.Contains(d.Classes, c.class) {
					d.Classes = append(d.Classes, c.class)
				}
			}
		}
		slices.Sort(d.Classes)
		if id := d.Touchpoint + "\n" + d.String(); (!was || len(d.Classes) > 0) && !seen[id] {
			seen[id] = true
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b DataPath) int {
		return cmp.Or(cmp.Compare(a.Touchpoint, b.Touchpoint), cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Source, b.Source))
	})
	return out
}

// A way is a path with the fields of a class that may take it.
type way struct {
	DataPath
	fields []classified
}

// way tells paths apart.
func (d DataPath) way() string { return d.Source + "\n" + d.Destination + "\n" + d.Host }

// ways lists all ways that data can take, by the names that connections have today.
func ways(m *config.Model, today func(string) string) (out []way) {
	for _, name := range slices.Sorted(maps.Keys(m.Touchpoints)) {
		t := m.Touchpoints[name].Spec
		source := today(t.Source.Connection) + "/" + t.Source.Object
		fields := classifiedFields(m, &t)
		for _, to := range t.Ends() {
			if to.Write == "" {
				continue
			}
			w := way{DataPath{Touchpoint: name, Source: source, Destination: today(to.Connection) + "/" + to.Object}, fields}
			if c := m.Connections[to.Connection]; c != nil {
				w.Host = c.Spec.Address()
			}
			out = append(out, w)
		}
	}
	return out
}

// alert adds the new paths of a flow to its effects.
func (c *TouchpointChange) alert(paths []DataPath) {
	for _, d := range paths {
		if d.Touchpoint == c.Name {
			c.Effects = append(c.Effects, Effect{d.Risk(), "new data path: " + d.String()})
		}
	}
	c.Effects, _ = settle(c.Effects)
	if len(c.Effects) > 0 {
		c.Risk = c.Risk.atLeast(c.Effects[0].Risk)
	}
}
