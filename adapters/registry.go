package adapters

import (
	"fmt"
	"maps"
	"slices"
)

// A Registry is the applications that one revision knows. It is immutable and safe for concurrent use.
type Registry struct {
	applications map[string]Application
	declarer     Declarer
}

// NewRegistry returns a registry of these applications. declarer runs those that a repository declares; nil: none may be.
func NewRegistry(declarer Declarer, applications ...Application) *Registry {
	r := &Registry{applications: make(map[string]Application, len(applications)), declarer: declarer}
	for _, a := range applications {
		name := a.Spec().Name
		if _, dup := r.applications[name]; dup {
			panic(fmt.Sprintf("adapters: internal error: two applications named %q", name))
		}
		r.applications[name] = a
	}
	return r
}

// With returns a registry that knows these applications too. A name that is taken already is an error: a repository may
// not put its own application in place of a built-in one.
func (r *Registry) With(applications ...Application) (*Registry, error) {
	next := &Registry{applications: maps.Clone(r.applications), declarer: r.declarer}
	for _, a := range applications {
		name := a.Spec().Name
		if _, taken := next.applications[name]; taken {
			return nil, fmt.Errorf("application %q exists already", name)
		}
		next.applications[name] = a
	}
	return next, nil
}

// Get returns the application with that name.
func (r *Registry) Get(name string) (Application, bool) {
	a, ok := r.applications[name]
	return a, ok
}

// Names returns all names, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.applications)) }

// Declarer returns what runs declared applications, or nil.
func (r *Registry) Declarer() Declarer { return r.declarer }
