package config

import "fmt"

// elsewhere judges which fields a lookup has beside the place of its rows.
func (s *semantics) elsewhere() {
	ledger, connection := s.spec.key("ledger") != nil, s.spec.key("connection") != nil
	if !ledger {
		s.exactlyOne(s.spec, "value", "values")
	}
	if connection && s.spec.key("object") == nil {
		s.report(s.spec.key("connection"), codeMissingField, "the object to look at is not said", "add object: with the name of an object of the connection")
	}
	if ledger && s.spec.key("direction") == nil {
		s.report(s.spec.key("ledger"), codeMissingField, "which way to look is not said", "add direction: forward to find where a source record went, or reverse for where a destination's record came from")
	}
	only := func(there bool, with string, names ...string) {
		for _, name := range names {
			if !there && s.spec.key(name) != nil {
				s.reportAt(s.spec, name, codeOneOf, fmt.Sprintf("%s says nothing here", name), "it belongs to a lookup with "+with)
			}
		}
	}
	only(connection, "connection", "object")
	only(ledger, "ledger", "direction", "route")
	only(!ledger, "rows of its own: a ledger gives the one name that a record has", "value", "values")
	only(!ledger && !connection, "file or rows: what is elsewhere compares keys as it does", "fold")
}
