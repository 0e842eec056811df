package config

// identity appends what tells the neighbours of a resource, as far as these parts of the input are read, from all others.
func (e *environment) identity(b []byte, r *loaded, reads map[string]bool) []byte {
	switch r.v.kind {
	case "Connection":
		b = e.identityOf(b, "Connection", r.v.name)
	case "Mapping":
		b = e.mappingIdentity(b, r.v.name)
	case "MappingTest":
		b = e.mappingIdentity(b, e.model.Tests[r.v.name].Spec.Mapping)
	case "Touchpoint":
		t := &e.model.Touchpoints[r.v.name].Spec
		if reads["source"] {
			b = e.endIdentity(b, t.Source.Connection, t.Source.Object)
		}
		if reads["destination"] {
			b = e.endIdentity(b, t.Destination.Connection, t.Destination.Object)
		}
		if reads["connections"] || reads["facts"] {
			for _, end := range e.model.EndsOf(t) {
				b = e.identityOf(b, "Connection", end.Connection)
			}
		}
		if reads["mapping"] {
			b = e.mappingIdentity(b, t.Mapping)
		}
		if reads["mappings"] {
			for _, target := range t.Targets() {
				b = e.mappingIdentity(b, target.Mapping)
			}
		}
		if reads["schedule"] && t.Schedule != nil && t.Schedule.Ref != "" {
			b = e.identityOf(b, "Schedule", t.Schedule.Ref)
		}
	}
	return append(b, e.name...)
}

// endIdentity appends what tells one side of a flow from others.
func (e *environment) endIdentity(b []byte, connection, object string) []byte {
	b = e.identityOf(b, "Connection", connection)
	if c := e.model.Connections[connection]; c != nil && len(e.model.Objects) > 0 {
		if o := e.committedFor(connection, c.Spec.Application, object); o != nil {
			b = append(b, o.Digest...)
		}
	}
	return b
}

// identityOf appends the digest of a resource, and of a connection's credential.
func (e *environment) identityOf(b []byte, kind, name string) []byte {
	switch kind {
	case "Connection":
		c := e.model.Connections[name]
		if c == nil {
			return b
		}
		b = append(b, c.Digest...)
		if cr := e.model.Credentials[c.Spec.Credential]; cr != nil {
			b = append(b, cr.Digest...)
		}
	case "Schedule":
		if s := e.model.Schedules[name]; s != nil {
			b = append(b, s.Digest...)
		}
	}
	return append(b, ' ')
}

// mappingIdentity appends the digests of a mapping and its objects, and the names of its tests.
func (e *environment) mappingIdentity(b []byte, name string) []byte {
	m := e.model.Mappings[name]
	if m == nil {
		return b
	}
	b = append(b, m.Digest...)
	for _, test := range e.testsOf(name) {
		b = append(append(b, test...), ' ')
	}
	for _, ref := range []*ObjectRef{m.Spec.Source, m.Spec.Destination} {
		if ref != nil {
			if o := e.committedFor(ref.Connection, ref.Application, ref.Object); o != nil {
				b = append(b, o.Digest...)
			}
		}
	}
	return b
}
