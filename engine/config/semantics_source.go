package config

import "fmt"

// source judges what is read beside the records themselves, and in which way.
func (s *semantics) source(v *node) {
	s.in(v, "include", func(list *node) {
		s.unique(list, "name")
		s.each(list, func(_ int, in *node) {
			s.in(in, "filter", func(f *node) {
				if len(f.keys) == 0 {
					s.report(f, codeOneOf, "nothing says what they are found by", "add a field of the object, and the path of its value in the record, such as orderId: id")
				}
				s.fields(f, func(_, path *node) { s.noRoots(path) })
			})
		})
	})
	read := v.str("read")
	s.in(v, "changedBy", func(list *node) {
		if read == "full" || read == "flag" {
			s.report(v.key("changedBy"), codeMisplaced, fmt.Sprintf("changedBy has no effect with read: %s, which asks for no changes", read), "remove it, or write read: incremental")
			return
		}
		s.each(list, func(_ int, by *node) { s.in(by, "key", s.noRoots) })
	})
	if read == "flag" && !s.clearsFlag() && !s.hasUnknown(s.spec) {
		s.reportAt(v, "read", codeFlagStays, "nothing takes the flag away, so that every run reads the same records again", defaultHint(codeFlagStays))
	}
}

// clearsFlag reports whether anything is written back of what was delivered, or may be.
func (s *semantics) clearsFlag() bool {
	list := s.spec.get("writeBack")
	if list == nil {
		return false
	}
	if list.kind != listNode || s.bad[list] {
		return true // said elsewhere
	}
	for _, b := range list.items {
		if on := b.str("on"); s.bad[b] || on == "delivered" || on == "" {
			return true
		}
	}
	return false
}
