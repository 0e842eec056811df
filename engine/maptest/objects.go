package maptest

import (
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// source returns the object whose records a mapping reads, as it was committed. nil: there is none.
func source(m *config.Model, name, touchpoint string) *config.Object {
	if t, ok := m.Touchpoints[touchpoint]; ok {
		s := t.Spec.Source
		return s.WithIncluded(committed(m, s.Connection, s.Object), func(object string) *config.Object { return committed(m, s.Connection, object) })
	}
	ref := m.Mappings[name].Spec.Source
	if ref == nil {
		return nil
	}
	return object(m, ref.Connection, ref.Application, ref.Object)
}

// destination returns the object that a mapping's records are for.
func destination(m *config.Model, name, touchpoint string) *config.Object {
	if t, ok := m.Touchpoints[touchpoint]; ok {
		for _, target := range t.Spec.Targets() {
			if target.Mapping == name {
				return committed(m, target.Destination.Connection, target.Destination.Object)
			}
		}
	}
	ref := m.Mappings[name].Spec.Destination
	if ref == nil {
		return nil
	}
	return object(m, ref.Connection, ref.Application, ref.Object)
}

func committed(m *config.Model, connection, name string) *config.Object {
	c, ok := m.Connections[connection]
	if !ok {
		return nil
	}
	return object(m, connection, c.Spec.Application, name)
}

// object returns what was committed for the connection, else for its application.
func object(m *config.Model, connection, application, name string) *config.Object {
	var general *config.Object
	for _, key := range slices.Sorted(maps.Keys(m.Objects)) {
		switch o := &m.Objects[key].Spec; {
		case o.Object != name:
		case o.Connection != "" && o.Connection == connection:
			return o
		case o.Connection == "" && o.Application == application:
			general = o
		}
	}
	return general
}
