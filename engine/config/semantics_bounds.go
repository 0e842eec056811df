package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/diag"
)

// bounds judges limits and times of a touchpoint that contradict the rest of it.
func (s *semantics) bounds() {
	s.in(s.spec, "source", func(v *node) {
		if read := v.str("read"); read == "full" || read == "flag" {
			s.in(v, "overlap", func(o *node) {
				if d, err := ParseDuration(o.text); err == nil && d > 0 {
					what := map[string]string{"full": "everything", "flag": "all that has the flag"}[read]
					s.report(o, codeMisplaced, fmt.Sprintf("overlap has no effect with read: %s, which reads %s", read, what), "remove it, or write read: incremental")
				}
			})
		}
	})
	s.in(s.spec, "limits", func(v *node) {
		for _, name := range []string{"maxCreates", "maxUpdates", "maxDeletes"} {
			s.in(v, name, func(l *node) {
				if text, ok := strings.CutSuffix(l.text, "%"); ok {
					if n, err := strconv.ParseFloat(text, 64); err == nil && n > 100 {
						s.report(l, codeBadValue, fmt.Sprintf("%s is more than all records there are", l.text), "write at most 100%, or a number of records")
					}
				}
			})
		}
		s.nothingLeft(v)
	})
	s.in(s.spec, "onReject", func(v *node) {
		s.in(v, "retry", s.retry)
	})
}

// nothingLeft finds limits that leave a write nothing to do: its first record parks every run.
func (s *semantics) nothingLeft(limits *node) {
	write := s.spec.get("destination").str("write")
	if s.spec.key("destinations") != nil || s.spec.key("routes") != nil {
		return
	}
	none := func(name string) bool {
		v := limits.get(name)
		return v != nil && !s.bad[v] && (v.text == "0" || v.text == "0%")
	}
	at := ""
	switch {
	case (write == "create" || write == "ensure") && none("maxCreates"):
		at = "maxCreates"
	case write == "update" && none("maxUpdates"):
		at = "maxUpdates"
	case write == "upsert" && none("maxCreates") && none("maxUpdates"):
		at = "maxUpdates"
	default:
		return
	}
	s.under(segment{name: at}, func() {
		s.report(limits.get(at), codeBadValue, fmt.Sprintf("write: %s may do nothing with this limit, so that every run parks at its first record", write), "raise it, or write suspend: true if nothing is to be written")
	})
}

// retry judges how often and how long a rejected record is tried again.
func (s *semantics) retry(v *node) {
	every, err := ParseDuration(v.str("every"))
	if err != nil || v.key("for") == nil {
		return
	}
	s.in(v, "for", func(n *node) {
		if d, err := ParseDuration(n.text); err == nil && d < every {
			s.report(n, codeBadValue, fmt.Sprintf("within %s there is no other try: the first comes after %s", n.text, v.str("every")), "make it longer than every")
		}
	})
	s.in(v, "every", func(n *node) {
		if every <= 0 {
			s.report(n, codeBadValue, "the time from one try to the next must be longer than nothing", "write 1h, for example")
		}
	})
}

// starts warns of a first run that begins at an instant which lies ahead.
func (e *environment) starts(r *loaded, t *Touchpoint) {
	at, err := time.Parse(time.RFC3339, t.Source.Start)
	if err != nil || e.o.Now.IsZero() || !at.After(e.o.Now) {
		return
	}
	e.note(r, nearestNode(r.tree(), "spec.source.start"), diag.Warning, codeAhead, "spec.source.start",
		fmt.Sprintf("%s lies ahead, so nothing is read that changes before it", t.Source.Start), "write now, beginning, or an instant that has passed, unless it is meant so")
}
