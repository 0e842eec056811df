package config

import (
	"cmp"
	"encoding/json"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// policyInput returns what rules see of a resource: itself with every default, as it is written, and its neighbours.
func (e *environment) policyInput(r *loaded) objectValue {
	in := maps.Clone(e.policyResource(r.v.kind, r.v.name))
	if in == nil { // it has no name
		in = objectValue{}
	}
	in["written"] = later(func() policyValue { return nodeValue{n: r.tree()} })
	in["environment"] = textValue(e.name)
	return in
}

// policyResource returns a resource as rules and its neighbours' rules see it, or nil.
func (e *environment) policyResource(kind, name string) objectValue {
	key := kind + "/" + name
	if known, ok := e.seen[key]; ok {
		return known
	}
	r, ok := e.index[key]
	if !ok || r.v.def == nil {
		return nil
	}
	resource := reflect.ValueOf(e.modelled(r)).Elem()
	v := objectValue{"kind": textValue(kind)}
	for field, name := range map[string]string{"Metadata": "metadata", "Spec": "spec"} {
		if f := r.v.def.object.field(name); f != nil {
			v[name] = goValue{resource.FieldByName(field), f.typ}
		}
	}
	switch kind {
	case "Connection":
		e.seeConnection(v, e.model.Connections[name])
	case "Credential":
		c := e.model.Credentials[name]
		v["spec"] = later(func() policyValue { return documentSpec(c.Spec.Raw, r.v.def) })
		v["facts"] = e.credentialFacts(c)
	case "KeyRing":
		raw := e.model.KeyRings[name].Spec.Raw
		v["spec"] = later(func() policyValue { return documentSpec(raw, r.v.def) })
	case "Application":
		v["spec"] = goValue{v: reflect.ValueOf(e.model.Applications[name].Spec.Declaration)}
	case "Mapping":
		e.seeMapping(v, e.model.Mappings[name])
	case "MappingTest":
		e.see(v, "mapping", "Mapping", e.model.Tests[name].Spec.Mapping)
	case "Touchpoint":
		e.seeTouchpoint(v, e.model.Touchpoints[name])
	}
	if kind == "Touchpoint" || kind == "MappingTest" {
		return v // nobody's neighbour
	}
	if e.seen == nil {
		e.seen = map[string]objectValue{}
	}
	e.seen[key] = v
	return v
}

// modelled returns the resource as linking has completed it.
func (e *environment) modelled(r *loaded) any {
	if r.v.kind == "Connection" {
		return e.model.Connections[r.v.name]
	}
	return r.v.resource
}

// documentSpec returns the spec of a document that the model keeps as it is, without what is sealed.
func documentSpec(raw []byte, def *typ) policyValue {
	n, err := jsonNode(raw)
	if err != nil {
		return objectValue{}
	}
	spec := nodeValue{n, def}.field("spec")
	if spec == nil {
		return objectValue{}
	}
	return withoutField(spec, "ciphertext")
}

// see adds a neighbour, if it exists.
func (e *environment) see(v objectValue, field, kind, name string) {
	if _, ok := e.index[kind+"/"+name]; ok {
		v[field] = later(func() policyValue { return e.policyResource(kind, name) })
	}
}

func withoutField(v policyValue, name string) policyValue {
	at, ok := v.(nodeValue)
	if !ok {
		return v
	}
	n := *at.n
	n.keys, n.items = nil, nil
	for i, k := range at.n.keys {
		if k.text != name {
			n.keys, n.items = append(n.keys, k), append(n.items, at.n.items[i])
		}
	}
	return nodeValue{&n, at.t}
}

// seeConnection adds where a connection leads to, and its credential.
func (e *environment) seeConnection(v objectValue, c *Resource[Connection]) {
	v["facts"] = e.connectionFacts(&c.Spec)
	e.see(v, "credential", "Credential", c.Spec.Credential)
}

// connectionFacts are whether the connection leaves the machine, and where it goes to.
func (e *environment) connectionFacts(c *Connection) objectValue {
	facts := objectValue{"remote": boolValue(false), "loopback": boolValue(false), "endpoint": textValue("")}
	if e.registry == nil {
		return facts
	}
	app, ok := e.registry.Get(c.Application)
	if !ok {
		return facts
	}
	spec := app.Spec()
	facts["remote"] = boolValue(spec.Hosts)
	if spec.Endpoint == nil {
		return facts
	}
	endpoint, err := spec.Endpoint(c.Config)
	if err != nil {
		return facts
	}
	facts["endpoint"] = textValue(endpoint)
	facts["loopback"] = boolValue(loopback(endpoint))
	return facts
}

// loopback reports whether an address is on this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// credentialFacts are how old the secrets are and how long they still work, in days, where the envelope says so. Where dates are not judged,
// they are of today.
func (e *environment) credentialFacts(c *Resource[Credential]) objectValue {
	facts := objectValue{}
	var doc struct {
		Spec struct{ Rotated, Expires string }
	}
	if json.Unmarshal(c.Spec.Raw, &doc) != nil {
		return facts
	}
	if day, err := time.Parse(time.DateOnly, doc.Spec.Rotated); err == nil {
		facts["daysSinceRotation"] = numberValue(days(day, cmp.Or(e.o.Now, day)))
	}
	if day, err := time.Parse(time.DateOnly, doc.Spec.Expires); err == nil {
		facts["daysToExpiry"] = numberValue(days(cmp.Or(e.o.Now, day.AddDate(-1, 0, 0)), day))
	}
	return facts
}

// days returns how many days lie between two moments.
func days(from, to time.Time) int {
	const day = 24 * time.Hour
	return int(to.UTC().Truncate(day).Sub(from.UTC().Truncate(day)) / day)
}

// seeMapping adds the tests of a mapping, by name, and the objects on both of its sides.
func (e *environment) seeMapping(v objectValue, m *Resource[Mapping]) {
	v["tests"] = textsValue(e.testsOf(m.Metadata.Name))
	for side, ref := range map[string]*ObjectRef{"source": m.Spec.Source, "destination": m.Spec.Destination} {
		if ref != nil {
			e.seeObject(v, side, ref.Connection, ref.Application, ref.Object)
		}
	}
}

func (e *environment) testsOf(mapping string) []string {
	if e.testing == nil {
		e.testing = map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(e.model.Tests)) {
			m := e.model.Tests[name].Spec.Mapping
			e.testing[m] = append(e.testing[m], name)
		}
	}
	return e.testing[mapping]
}

// seeTouchpoint adds everything that a flow is made of.
func (e *environment) seeTouchpoint(v objectValue, t *Resource[Touchpoint]) {
	v["source"] = e.policyEnd(t.Spec.Source.Connection, t.Spec.Source.Object)
	v["destination"] = e.policyEnd(t.Spec.Destination.Connection, t.Spec.Destination.Object)
	e.see(v, "mapping", "Mapping", t.Spec.Mapping)
	v["facts"] = objectValue{"writes": later(func() policyValue { return e.policyWrites(&t.Spec) })}
	v["connections"] = later(func() policyValue {
		all := objectValue{}
		for _, end := range e.model.EndsOf(&t.Spec) {
			e.see(all, end.Connection, "Connection", end.Connection)
		}
		return all
	})
	v["mappings"] = later(func() policyValue {
		all := objectValue{}
		for _, target := range t.Spec.Targets() {
			e.see(all, target.Mapping, "Mapping", target.Mapping)
		}
		return all
	})
	switch s := t.Spec.Schedule; {
	case s == nil:
	case s.Ref != "":
		if named := e.policyResource("Schedule", s.Ref); named != nil {
			v["schedule"] = named["spec"]
		}
	default:
		v["schedule"] = v["spec"].field("schedule")
	}
}

// policyWrites lists everything a flow writes: where, how, and whether that is on another machine. What it writes is left out: flows that differ
// in it alone are the same to most rules, and are judged once.
func (e *environment) policyWrites(t *Touchpoint) policyValue {
	list := &node{kind: listNode}
	for _, end := range t.Ends() {
		if end.Write == "" {
			continue
		}
		n := &node{kind: objectNode}
		for _, f := range [][2]string{{"path", end.Path}, {"connection", end.Connection}, {"write", end.Write}} {
			n.keys = append(n.keys, &node{kind: stringNode, text: f[0]})
			n.items = append(n.items, &node{kind: stringNode, text: f[1]})
		}
		n.keys = append(n.keys, &node{kind: stringNode, text: "remote"})
		n.items = append(n.items, &node{kind: boolNode, text: strconv.FormatBool(e.remote(end.Connection))})
		list.items = append(list.items, n)
	}
	return nodeValue{n: list}
}

// remote reports whether a connection leaves the machine.
func (e *environment) remote(connection string) bool {
	c := e.model.Connections[connection]
	if c == nil || e.registry == nil {
		return false
	}
	app, ok := e.registry.Get(c.Spec.Application)
	return ok && app.Spec().Hosts
}

// policyEnd is one side of a flow.
func (e *environment) policyEnd(connection, object string) objectValue {
	end := objectValue{}
	e.see(end, "connection", "Connection", connection)
	if c := e.model.Connections[connection]; c != nil {
		e.seeObject(end, "object", connection, c.Spec.Application, object)
	}
	return end
}

// seeObject adds the committed fields of an object: those of the connection, else those of its application.
func (e *environment) seeObject(v objectValue, field, connection, application, object string) {
	if o := e.committedFor(connection, application, object); o != nil {
		e.see(v, field, "Object", o.Metadata.Name)
	}
}
