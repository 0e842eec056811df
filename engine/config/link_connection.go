package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// applications makes the registry of this environment: the built-in applications and those it declares.
func (e *environment) applications() {
	e.registry = e.o.Registry
	if e.registry == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(e.model.Applications)) {
		r := e.index["Application/"+name]
		declarer := e.registry.Declarer()
		if declarer == nil {
			e.problemPath(r, "kind", codeApplication, "this program runs no declared applications", "use a program that has the rest adapter")
			continue
		}
		if !e.declaration(r, declarer, e.model.Applications[name]) {
			continue
		}
		app, err := declarer.Declare(name, e.model.Applications[name].Spec.Declaration)
		if err != nil {
			e.configErrors(r, []string{"spec"}, codeApplication, err)
			continue
		}
		next, err := e.registry.With(app)
		if err != nil {
			e.problemPath(r, "metadata.name", codeDuplicateName, fmt.Sprintf("there is a built-in application named %q", name), "give it another name")
			continue
		}
		e.registry = next
	}
}

// declaration judges what a declared application says by what its declarer takes, and fills in the defaults. false: it has mistakes.
func (e *environment) declaration(r *loaded, declarer adapters.Declarer, a *Resource[Application]) bool {
	with, ok := declarer.(adapters.DeclarationSchema)
	if !ok {
		return true
	}
	s, err := e.cache.settings(with.Schema())
	if err != nil || s.declared == nil {
		e.problemPath(r, "kind", codeApplication, "the definition of declared applications cannot be read", "this is a mistake of the program, not yours")
		return false
	}
	spec := r.tree().get("spec")
	if spec == nil || spec.kind != objectNode {
		return false // said already
	}
	check := &checker{bad: maps.Clone(r.v.bad), path: []segment{{name: "spec"}}, owner: r.tree().key("spec")}
	a.Spec.Declaration = s.judge(check, spec, "#ApplicationSpec", s.declared)
	a.sealed("Application")
	for _, p := range check.problems {
		if !r.said(p) {
			e.list.Add(p.diagnostic(r.files))
		}
	}
	return len(check.problems) == 0
}

// configErrors places the mistakes an adapter has found, each at its path below prefix.
func (e *environment) configErrors(r *loaded, prefix []string, code string, err error) {
	found := false
	var walk func(error)
	walk = func(err error) {
		if c, ok := err.(*adapters.ConfigError); ok { //nolint:errorlint // the tree is walked by hand: every leaf counts
			found = true
			n, path := r.tree().follow(append(slices.Clone(prefix), c.Path...))
			hint := c.Hint
			if hint == "" {
				hint = "see dray application show"
			}
			e.problem(r, n, code, pathString(path), c.Message, hint)
			return
		}
		switch u := err.(type) { //nolint:errorlint // as above
		case interface{ Unwrap() []error }:
			for _, inner := range u.Unwrap() {
				walk(inner)
			}
		case interface{ Unwrap() error }:
			if inner := u.Unwrap(); inner != nil {
				walk(inner)
			}
		}
	}
	if walk(err); !found {
		n, path := r.tree().follow(prefix)
		e.problem(r, n, code, pathString(path), err.Error(), "see dray application show")
	}
}

// application returns the application of that name, or reports that there is none.
func (e *environment) application(r *loaded, path, name string) (adapters.Application, bool) {
	if e.registry == nil || name == "" {
		return nil, false
	}
	app, ok := e.registry.Get(name)
	if ok {
		return app, true
	}
	if _, declared := e.index["Application/"+name]; declared || e.doubts.mayHold("Application", name) {
		return nil, false // its declaration is wrong, which is said there
	}
	hint := "see dray application list, or declare it with kind: Application"
	if near := diag.Nearest(name, e.registry.Names()); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	e.problemPath(r, path, codeUnknownApplication, fmt.Sprintf("there is no application %q", name), hint)
	return nil, false
}

// connections judges settings by their application and fills in its defaults.
func (e *environment) connections() {
	for _, name := range slices.Sorted(maps.Keys(e.model.Connections)) {
		c := e.model.Connections[name]
		r := e.index["Connection/"+name]
		app, ok := e.application(r, "spec.application", c.Spec.Application)
		if !ok {
			continue
		}
		spec := app.Spec()
		clean := e.settings(r, &c.Spec, spec)
		c.Spec.Rate = c.Spec.Rate.limited(spec.Limits)
		if clean && spec.Hosts && spec.Endpoint != nil {
			c.Spec.Endpoint, _ = spec.Endpoint(c.Spec.Config) // what is wrong with it is said below
		}
		c.sealed("Connection")
		e.credential(r, &c.Spec, spec, clean)
	}
}

// misspelt reports whether a field of the spec is not one there is: it may be the one that is missed.
func (r *loaded) misspelt() bool {
	return slices.ContainsFunc(r.v.problems, func(p problem) bool { return p.code == codeUnknownField && strings.Count(p.path, ".") <= 1 })
}

// settings returns what an application is given of the connection.
func (c *Connection) settings(name string) adapters.Settings {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC // the mistake is reported where it stands
	}
	return adapters.Settings{Connection: name, Config: c.Config, Objects: c.Objects, Zone: zone}
}

// settings replaces config and objects by what the application makes of them. false: they have mistakes.
func (e *environment) settings(r *loaded, c *Connection, spec adapters.Spec) bool {
	s, err := e.cache.settings(spec.Schema)
	if err != nil {
		e.problemPath(r, "spec.application", codeApplication, fmt.Sprintf("the definitions of %q cannot be read", spec.Name), "this is a mistake of the application, not yours")
		return false
	}
	check := &checker{bad: maps.Clone(r.v.bad)}
	known := len(e.list)
	if s.config != nil {
		n := r.tree().get("spec").get("config")
		if n == nil && r.misspelt() {
			return false
		}
		if n == nil {
			at := r.tree().key("spec")
			n = &node{kind: objectNode, origin: at.origin, line: at.line, col: at.col}
		}
		if n.kind == objectNode {
			check.path, check.owner = []segment{{name: "spec"}, {name: "config"}}, r.tree().get("spec").key("config")
			c.Config = s.judge(check, n, "#Config", s.config)
		}
	}
	c.Objects = e.objects(r, s, check, spec)
	for _, p := range check.problems {
		if !r.said(p) {
			e.list.Add(p.diagnostic(r.files))
		}
	}
	if len(check.problems) > 0 || len(e.list) > known {
		return false
	}
	if spec.Judge != nil {
		if err := spec.Judge(c.settings(r.v.name)); err != nil {
			e.configErrors(r, []string{"spec"}, codeApplication, err)
			return false
		}
	}
	return true
}

// said reports whether the value has been refused for what it is, a plain secret or a word that readers take for different things: what
// else is wrong with it matters no more.
func (r *loaded) said(p problem) bool {
	return slices.ContainsFunc(r.v.problems, func(q problem) bool {
		return (q.code == codePlainSecret || q.code == codeAmbiguous) && q.path == p.path
	})
}

func (e *environment) objects(r *loaded, s *settingsSchema, check *checker, spec adapters.Spec) map[string]json.RawMessage {
	n := r.tree().get("spec").get("objects")
	if n == nil || n.kind != objectNode || len(n.keys) == 0 {
		return nil
	}
	if s.object == nil {
		e.problem(r, r.tree().get("spec").key("objects"), codeApplication, "spec.objects", fmt.Sprintf("connections of %q declare no objects of their own", spec.Name), "remove them")
		return nil
	}
	objects := make(map[string]json.RawMessage, len(n.keys))
	for i, k := range n.keys {
		if check.bad[n.items[i]] {
			continue
		}
		check.path, check.owner = []segment{{name: "spec"}, {name: "objects"}, {name: k.text}}, k
		objects[k.text] = s.judge(check, n.items[i], "#Object", s.object)
	}
	return objects
}

// credential judges whether the connection's credential is one for it.
func (e *environment) credential(r *loaded, c *Connection, spec adapters.Spec, clean bool) {
	if c.Credential == "" {
		for _, f := range spec.Secrets {
			if f.Required && r.tree().get("spec").key("credential") == nil && !r.misspelt() {
				e.problemPath(r, "spec", codeCredential, fmt.Sprintf("%s needs a credential with the field %q, and none is named", spec.Name, f.Name), "make one with dray credential create, and add credential: with its name")
				return
			}
		}
		return
	}
	cr, ok := e.model.Credentials[c.Credential]
	if !ok {
		return // reported as a reference
	}
	credential := cr.Spec
	report := func(code, message, hint string) {
		d := e.problemPath(r, "spec.credential", code, message, hint)
		d.Related = []diag.Pos{cr.Source.At}
	}
	if len(spec.Secrets) == 0 {
		report(codeCredential, fmt.Sprintf("%s takes no credential", spec.Name), "remove it")
	} else if credential.Application != c.Application && credential.Application != "" {
		report(codeCredential, fmt.Sprintf("the credential %q is for the application %q, and this connection is of %q", c.Credential, credential.Application, c.Application), "make one for this application with dray credential create")
	}
	if e.name != "" && len(credential.Environments) > 0 && !slices.Contains(credential.Environments, e.name) {
		report(codeCredential, fmt.Sprintf("the credential %q is not for the environment %q", c.Credential, e.name), "it is for "+orList(credential.Environments)+": make one for this environment, and name it in a patch")
	}
	for _, f := range spec.Secrets {
		if f.Required && len(credential.Fields) > 0 && !slices.Contains(credential.Fields, f.Name) {
			report(codeCredential, fmt.Sprintf("the credential %q has no field %q, which %s needs", c.Credential, f.Name, spec.Name), "add it with dray credential set")
		}
	}
	if clean && spec.Hosts && spec.Endpoint != nil {
		e.endpoint(r, c, spec, cr)
	}
}

// endpoint compares where the connection goes with where its credential may.
func (e *environment) endpoint(r *loaded, c *Connection, spec adapters.Spec, cr *Resource[Credential]) {
	endpoint, err := spec.Endpoint(c.Config)
	if err != nil {
		if ce, ok := errors.AsType[*adapters.ConfigError](err); ok {
			e.configErrors(r, []string{"spec"}, codeApplication, ce)
			return
		}
		e.problemPath(r, "spec.config", codeApplication, "the settings do not say where the connection goes", "check the address")
		return
	}
	if e.addresses == nil {
		e.addresses = map[string]string{}
	}
	e.addresses[r.v.name] = endpoint
	for _, bind := range cr.Spec.Bind {
		if covers(bind, endpoint) {
			return
		}
	}
	d := e.problemPath(r, addressPath(r), codeCredentialHost, fmt.Sprintf("this connection goes to %s, and its credential %q may go to %s only", endpoint, c.Credential, orList(cr.Spec.Bind)), "correct the address, or have the credential bound to it with dray credential set")
	d.Related = []diag.Pos{cr.Source.Pos("spec.bind")}
}
