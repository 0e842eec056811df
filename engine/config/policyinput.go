package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"time"
)

// policyInput returns what rules see of a resource: itself with every default, as it is written, and its neighbours.
func (e *environment) policyInput(r *loaded, reads map[string]bool) objectValue {
	in := maps.Clone(e.policyResource(r.v.kind, r.v.name))
	if in == nil { // the repository's own settings of another environment
		in = objectValue{}
	}
	if reads["written"] {
		in["written"] = nodeValue{n: r.tree()}
	}
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
	whole := nodeValue{r.tree(), r.v.def}
	v := objectValue{"kind": textValue(kind), "metadata": whole.field("metadata")}
	if spec := whole.field("spec"); spec != nil {
		v["spec"] = spec
	}
	switch kind {
	case "Connection":
		e.seeConnection(v, e.model.Connections[name])
	case "Credential":
		v["spec"] = withoutField(whole.field("spec"), "ciphertext")
		v["facts"] = e.credentialFacts(e.model.Credentials[name])
	case "Mapping":
		e.seeMapping(v, e.model.Mappings[name])
	case "MappingTest":
		put1(v, "mapping", e.policyResource("Mapping", e.model.Tests[name].Spec.Mapping))
	case "Touchpoint":
		e.seeTouchpoint(v, e.model.Touchpoints[name])
	}
	if e.seen == nil {
		e.seen = map[string]objectValue{}
	}
	e.seen[key] = v
	return v
}

// put1 sets a field, if there is something to set it to.
func put1(v objectValue, name string, part objectValue) {
	if part != nil {
		v[name] = part
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

// seeConnection adds what the application has made of the settings, where they lead to, and the credential.
func (e *environment) seeConnection(v objectValue, c *Resource[Connection]) {
	if text, err := json.Marshal(c.Spec); err == nil {
		if spec, err := jsonValue(text); err == nil {
			v["spec"] = spec
		}
	}
	v["facts"] = e.connectionFacts(&c.Spec)
	put1(v, "credential", e.policyResource("Credential", c.Spec.Credential))
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
			put1(v, side, e.policyObject(ref.Connection, ref.Application, ref.Object))
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
	put1(v, "mapping", e.policyResource("Mapping", t.Spec.Mapping))
	connections, mappings := objectValue{}, objectValue{}
	for _, end := range t.Spec.Ends() {
		put1(connections, end.Connection, e.policyResource("Connection", end.Connection))
	}
	for _, target := range t.Spec.Targets() {
		put1(mappings, target.Mapping, e.policyResource("Mapping", target.Mapping))
	}
	v["connections"], v["mappings"] = connections, mappings
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

// policyEnd is one side of a flow.
func (e *environment) policyEnd(connection, object string) objectValue {
	end := objectValue{}
	put1(end, "connection", e.policyResource("Connection", connection))
	if c := e.model.Connections[connection]; c != nil {
		put1(end, "object", e.policyObject(connection, c.Spec.Application, object))
	}
	return end
}

// policyObject returns the committed fields of an object: those of the connection, else those of its application.
func (e *environment) policyObject(connection, application, object string) objectValue {
	if o := e.objectNamed(connection, application, object); o != nil {
		return e.policyResource("Object", o.Metadata.Name)
	}
	return nil
}

func (e *environment) objectNamed(connection, application, object string) *Resource[Object] {
	if e.committed == nil {
		e.committed = map[string]*Resource[Object]{}
		for _, name := range slices.Sorted(maps.Keys(e.model.Objects)) {
			o := e.model.Objects[name]
			key := objectKey(o.Spec.Connection, o.Spec.Application, o.Spec.Object)
			if e.committed[key] == nil {
				e.committed[key] = o
			}
		}
	}
	if o := e.committed[objectKey(connection, "", object)]; o != nil && connection != "" {
		return o
	}
	return e.committed[objectKey("", application, object)]
}

func objectKey(connection, application, object string) string {
	if connection != "" {
		return fmt.Sprintf("connection %s %s", connection, object)
	}
	return fmt.Sprintf("application %s %s", application, object)
}

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
		if reads["source"] || reads["destination"] || reads["connections"] {
			for _, end := range t.Ends() {
				b = e.identityOf(b, "Connection", end.Connection)
			}
			for _, end := range [][2]string{{t.Source.Connection, t.Source.Object}, {t.Destination.Connection, t.Destination.Object}} {
				if c := e.model.Connections[end[0]]; c != nil {
					if o := e.objectNamed(end[0], c.Spec.Application, end[1]); o != nil {
						b = append(b, o.Digest...)
					}
				}
			}
		}
		if reads["mapping"] || reads["mappings"] {
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
			if o := e.objectNamed(ref.Connection, ref.Application, ref.Object); o != nil {
				b = append(b, o.Digest...)
			}
		}
	}
	return b
}
