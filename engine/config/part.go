package config

// Part returns what a touchpoint needs of the model to run: itself, everything that it names, and what that names in turn, with the objects
// of its connections. Resources are shared with m, but who keeps the part does not keep the rest of m alive. It has no digest. A name that
// m does not have is left out.
func (m *Model) Part(touchpoint string) *Model {
	p := &Model{Environment: m.Environment, Repository: m.Repository}
	t, ok := m.Touchpoints[touchpoint]
	if !ok {
		return p
	}
	take(&p.Touchpoints, m.Touchpoints, touchpoint)
	if t.Spec.Schedule != nil {
		take(&p.Schedules, m.Schedules, t.Spec.Schedule.Ref)
	}
	for _, name := range m.ConnectionsOf(&t.Spec) {
		if c := take(&p.Connections, m.Connections, name); c != nil {
			take(&p.Credentials, m.Credentials, c.Spec.Credential)
			take(&p.Applications, m.Applications, c.Spec.Application)
			m.objectsOf(p, name, c.Spec.Application)
		}
	}
	take(&p.Lookups, m.Lookups, t.Spec.Lookups()...)
	for _, name := range t.Spec.Mappings() {
		if r := take(&p.Mappings, m.Mappings, name); r != nil {
			take(&p.Lookups, m.Lookups, r.Spec.Fields.Lookups()...)
		}
	}
	return p
}

// objectsOf puts the objects of a connection and of its application into a part.
func (m *Model) objectsOf(p *Model, connection, application string) {
	for name, o := range m.Objects {
		if o.Spec.Connection == connection || o.Spec.Connection == "" && o.Spec.Application == application {
			put(&p.Objects, name, o)
		}
	}
}

// take puts what exists of these names into a map, and returns the last of it; nil when there is none.
func take[T any](into *map[string]*Resource[T], from map[string]*Resource[T], names ...string) (last *Resource[T]) {
	for _, name := range names {
		if r := from[name]; r != nil {
			put(into, name, r)
			last = r
		}
	}
	return last
}
