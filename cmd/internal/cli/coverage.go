package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/maptest"
)

// coverageReport is what tests reach, as JSON says it.
type coverageReport struct {
	Mappings []mappingCoverage `json:"mappings"`
	Lookups  []lookupCoverage  `json:"lookups"`
}

type mappingCoverage struct {
	Mapping string         `json:"mapping"`
	Pos     diag.Pos       `json:"pos"`
	Cases   int            `json:"cases"`
	Percent int            `json:"percent"`
	Points  int            `json:"points"`
	Reached int            `json:"reached"`
	Missing []missingPoint `json:"missing"`
}

type missingPoint struct {
	Pos   diag.Pos `json:"pos"`
	Path  string   `json:"path"`
	Never string   `json:"never"` // what never happens there
}

type lookupCoverage struct {
	Lookup string `json:"lookup"`
	Rows   int    `json:"rows"`
	Used   int    `json:"used"`
	Unused []int  `json:"unused"` // indexes of rows
}

func reportedCoverage(c *maptest.Coverage) *coverageReport {
	if c == nil {
		return nil
	}
	out := &coverageReport{Mappings: []mappingCoverage{}, Lookups: []lookupCoverage{}}
	for _, m := range c.Mappings {
		one := mappingCoverage{Mapping: m.Mapping, Pos: m.Pos, Cases: m.Cases, Percent: m.Percent(), Points: m.Points, Reached: m.Reached, Missing: []missingPoint{}}
		for _, p := range m.Missing {
			one.Missing = append(one.Missing, missingPoint{p.Pos, p.Path, p.What})
		}
		out.Mappings = append(out.Mappings, one)
	}
	for _, l := range c.Lookups {
		out.Lookups = append(out.Lookups, lookupCoverage{l.Lookup, l.Rows, l.Used, append([]int{}, l.Unused...)})
	}
	return out
}

// writeCoverage says per mapping how much the cases reach, and where what they do not.
func (a *app) writeCoverage(m *config.Model, c *maptest.Coverage) {
	a.printf("\ncoverage:\n")
	for _, mc := range c.Mappings {
		if mc.Cases == 0 {
			a.printf("  %s: no test  (%s)\n", mc.Mapping, mc.Pos)
			continue
		}
		a.printf("  %s: %d%%, %d of %d in %s\n", mc.Mapping, mc.Percent(), mc.Reached, mc.Points, count(mc.Cases, "case"))
		for _, p := range mc.Missing {
			a.printf("    %s: %s is never %s\n", p.Pos, safe(p.Path), p.What)
		}
	}
	for _, l := range c.Lookups {
		a.printf("  lookup %s: %d of %s used", l.Lookup, l.Used, count(l.Rows, "row"))
		if len(l.Unused) > 0 {
			a.printf(", not %s", safe(unusedRows(&m.Lookups[l.Lookup].Spec, l.Unused)))
		}
		a.printf("\n")
	}
}

// unusedRows names rows by their keys, the first few.
func unusedRows(l *config.Lookup, rows []int) string {
	const most = 10
	var names []string
	for i, row := range rows {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(rows)-most))
			break
		}
		keys := make([]string, len(l.Key))
		for k, column := range l.Key {
			keys[k] = l.Rows[row][column]
		}
		names = append(names, strings.Join(keys, "|"))
	}
	return strings.Join(names, ", ")
}

// enough refuses a coverage below what is asked for.
func enough(c *maptest.Coverage, least int) error {
	var low []string
	for _, m := range c.Mappings {
		if m.Percent() < least {
			low = append(low, fmt.Sprintf("%s has %d%%", m.Mapping, m.Percent()))
		}
	}
	if len(low) == 0 {
		return nil
	}
	return failed(errors.New("coverage is below the " + fmt.Sprintf("%d%% of --coverage-min: ", least) + strings.Join(low, ", ")))
}
