package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/diag"
)

// indexOfName returns where $out.name stands in an expression: the offset of $out, or -1.
func indexOfName(text, name string) int { return strings.Index(text, "$out."+name) }

func (s *semantics) touchpoint() {
	s.bounds()
	s.in(s.spec, "source", func(v *node) {
		s.expression(v, "where", condition, "$root")
		s.source(v)
	})
	s.deleted()
	s.in(s.spec, "trace", func(v *node) { s.each(v, func(_ int, p *node) { s.noRoots(p) }) })
	s.in(s.spec, "destination", s.destination)
	s.in(s.spec, "split", func(v *node) {
		s.in(v, "each", func(p *node) { s.pathPlace(p, mappingPlace{roots: []string{"$root"}}) })
		s.in(v, "key", func(k *node) {
			s.each(k, func(_ int, p *node) { s.pathPlace(p, mappingPlace{roots: []string{"$this"}}) })
		})
	})
	s.in(s.spec, "steps", s.steps)
	s.targets()
	s.in(s.spec, "writeBack", s.writeBack)
	s.in(s.spec, "schedule", func(v *node) {
		if v.kind == objectNode {
			s.schedule(v)
		}
	})
}

func (s *semantics) destination(v *node) {
	s.in(v, "key", func(k *node) {
		s.each(k, func(_ int, p *node) { s.noRoots(p) })
	})
	s.existing(v)
	s.removals(v)
	if write := v.str("write"); v.key("key") == nil && v.str("target") != "ledger" && write != "create" && write != "" && !s.bad[v.get("write")] && !s.hasUnknown(v) && s.spec.key("key") == nil {
		s.reportAt(v, "write", codeKeyMissing, fmt.Sprintf("write: %s finds records by their key, and there is none", write), "add key: [field] with the fields that identify a record at the destination")
	}
}

// hasUnknown reports whether n has a field that was marked as unknown: it may be the one that is missed.
func (s *semantics) hasUnknown(n *node) bool {
	for _, k := range n.keys {
		if s.bad[k] {
			return true
		}
	}
	return false
}

// expectations are the fields that say what must come of a case.
var expectations = []string{"expect", "expectExactly", "expectRejected", "expectSkipped", "expectFiltered", "expectParked"}

func (s *semantics) mappingTest() {
	s.in(s.spec, "cases", func(v *node) {
		s.unique(v, "name")
		s.fixture(v)
		s.each(v, func(_ int, c *node) {
			if c.kind != objectNode || s.hasUnknown(c) {
				return
			}
			s.testSetting(c)
			if c.key("rows") == nil {
				s.exactlyOne(c, expectations...)
				return
			}
			s.expectation(c, true)
			common := slices.ContainsFunc(expectations, func(name string) bool { return c.key(name) != nil })
			s.in(c, "rows", func(rows *node) {
				s.unique(rows, "name")
				s.each(rows, func(_ int, row *node) {
					if row.kind == objectNode && !s.hasUnknown(row) {
						s.testSetting(row)
						s.expectation(row, common)
					}
				})
			})
		})
	})
}

// expectation demands one expectation, or at most one where the case around has one.
func (s *semantics) expectation(n *node, optional bool) {
	if optional && !slices.ContainsFunc(expectations, func(name string) bool { return n.key(name) != nil }) {
		return
	}
	s.exactlyOne(n, expectations...)
}

// testSetting judges the paths that a case changes.
func (s *semantics) testSetting(n *node) {
	s.in(n, "set", func(v *node) {
		s.fields(v, func(k, _ *node) {
			if f := judgePath(k.text); f != nil {
				s.report(k, f.code, f.message, f.hint)
				return
			}
			s.noRoots(k)
		})
	})
	s.in(n, "remove", func(v *node) { s.each(v, func(_ int, p *node) { s.noRoots(p) }) })
}

func (s *semantics) credential() {
	s.day(s.spec, "rotated")
	s.day(s.spec, "expires")
	s.in(s.spec, "bind", func(v *node) {
		s.each(v, func(_ int, b *node) {
			if u, err := url.Parse(b.text); err != nil || u.Scheme == "" || u.Host == "" || u.User != nil {
				s.report(b, codeBadValue, fmt.Sprintf("%q does not name a place", b.text), "write scheme, host, port and path prefix: https://erp.example:50000/b1s/")
			}
		})
	})
}

// day demands a date where a field is there.
func (s *semantics) day(n *node, name string) {
	s.in(n, name, func(v *node) {
		if _, err := time.Parse(dateForm, v.text); err != nil {
			s.report(v, codeBadValue, fmt.Sprintf("%s is not a day", v.shown()), "write it as \"2027-04-01\", in quotes")
		}
	})
}

func (s *semantics) connection() {
	s.in(s.spec, "config", s.plainSecrets)
	s.in(s.spec, "objects", s.plainSecrets)
	s.opens(s.spec, calendar.Windows{}, s.windows(s.spec, "closed", s.zone(s.spec)))
}

// strayColumns reports names of columns that no row has, where they are named. false: there are none.
func (s *semantics) strayColumns(rows *node) bool {
	var columns []string
	s.each(rows, func(_ int, row *node) { columns = append(columns, fieldNames(row)...) })
	slices.Sort(columns)
	columns = slices.Compact(columns)
	stray := false
	judge := func(v *node) {
		if v.kind != stringNode || slices.Contains(columns, v.text) || len(columns) == 0 {
			return
		}
		stray = true
		hint := "the columns are " + orList(columns)
		if near := diag.Nearest(v.text, columns); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		s.report(v, codeLookupRow, fmt.Sprintf("no row has a column %q", v.text), hint)
	}
	s.path = s.path[:len(s.path)-1] // these stand beside the rows
	defer func() { s.path = append(s.path, segment{name: "rows"}) }()
	s.in(s.spec, "key", func(v *node) { s.each(v, func(_ int, c *node) { judge(c) }) })
	s.in(s.spec, "value", judge)
	s.in(s.spec, "values", func(v *node) { s.each(v, func(_ int, c *node) { judge(c) }) })
	return stray
}

func (s *semantics) lookup() {
	s.exactlyOne(s.spec, "file", "rows", "connection", "ledger")
	s.elsewhere()
	s.in(s.spec, "rows", func(v *node) {
		table := newLookupTable(s.spec)
		if len(table.key) == 0 {
			return // said already
		}
		if s.strayColumns(v) {
			return
		}
		s.each(v, func(_ int, row *node) {
			if row.kind != objectNode {
				return
			}
			cells := make(map[string]string, len(row.keys))
			for i, k := range row.keys {
				cells[k.text] = row.items[i].text
			}
			if message, column := table.add(cells, row); message != "" {
				at := row
				if k := row.key(column); k != nil {
					at = k
				}
				s.report(at, codeLookupRow, message, "every row has its own key, and no key is blank")
				if first := table.first(cells); first != nil && first != row {
					s.problems[len(s.problems)-1].related = []*node{first}
				}
			}
		})
	})
}
