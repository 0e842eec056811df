package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// The annotations by which people say that they know.
const (
	sharedAnnotation = "dray/shared-object" // why several touchpoints may write one object
	loopAnnotation   = "dray/loop"          // what ends a circle of touchpoints
)

// A writing is one object that a touchpoint changes.
type writing struct {
	name      string // the touchpoint's
	r         *loaded
	t         *Touchpoint
	path      string // of the destination
	at        objectAt
	write     string
	key       []string
	unchanged string
	sets      nameSet
	beside    nameSet           // what it sets beside its key
	constants map[string]string // fields that always have the same value, as JSON
	known     bool              // its mapping is there and right
}

// An objectAt is an object of a connection.
type objectAt struct{ connection, object string }

// writings returns what every touchpoint changes, in order of names.
func (e *environment) writings() []writing {
	var all []writing
	names := e.all("Touchpoint")
	e.written = make([][]writing, len(names))
	for i, name := range names {
		if e.before != nil && !e.touched[e.index["Touchpoint/"+name]] {
			e.written[i] = e.before.written[i]
		} else {
			e.written[i] = e.writingsOf(name)
		}
		all = append(all, e.written[i]...)
	}
	return all
}

// writingsOf returns what one touchpoint changes.
func (e *environment) writingsOf(name string) (all []writing) {
	t, r := &e.model.Touchpoints[name].Spec, e.index["Touchpoint/"+name]
	if e.wrong(r) || t.Suspend || t.Mode == "observe" {
		return nil // what stands still, or only watches, does no harm
	}
	for _, target := range t.Targets() {
		w := writing{
			name: name, r: r, t: t, path: target.Path, at: objectAt{target.Destination.Connection, target.Destination.Object},
			write: target.Destination.Write, key: target.Destination.Key, unchanged: target.Destination.Unchanged,
		}
		if m, ok := e.model.Mappings[target.Mapping]; ok && !e.wrong(e.index["Mapping/"+target.Mapping]) {
			w.fields(m.Spec.Fields)
		}
		all = append(all, w)
	}
	for i, b := range t.WriteBack {
		w := writing{name: name, r: r, t: t, path: fmt.Sprintf("spec.writeBack[%d]", i), at: objectAt{t.writeBackConnection(b), b.Object}, write: b.Write, key: b.Key}
		w.fields(b.Fields)
		all = append(all, w)
	}
	return all
}

func (w *writing) fields(fields Fields) {
	w.known, w.constants = true, map[string]string{}
	for _, f := range fields {
		w.sets.add(f.Name)
		if f.Field.Value != nil && f.Field.When == "" {
			w.constants[f.Name] = string(f.Field.Value)
		}
	}
	w.beside = w.sets.without(w.key)
}

// changes reports whether the writing can change a record that is there already.
func (w *writing) changes() bool { return w.write == "update" || w.write == "upsert" }

// apart reports whether two writings never set the same field of the same record, as far as can be told: they set different fields, their keys
// hold different constants, or they filter one source by different conditions.
func (w *writing) apart(o *writing) bool {
	if !w.known || !o.known || !w.changes() || !o.changes() || !w.beside.meets(o.beside) {
		return true
	}
	for _, k := range w.key {
		name := firstStep(k)
		a, b := w.constants[name], o.constants[name]
		if slices.Contains(o.key, k) && a != "" && b != "" && a != b {
			return true
		}
	}
	from, other := w.t.Source, o.t.Source
	return from.Connection == other.Connection && from.Object == other.Object && from.Where != "" && other.Where != "" && from.Where != other.Where
}

// annotated reports whether the touchpoint says that it knows.
func (e *environment) annotated(name, annotation string) bool {
	return e.model.Touchpoints[name].Metadata.Annotations[annotation] != ""
}

// mostOthers bounds how many touchpoints one finding names.
const mostOthers = 10

// shared warns of objects that several touchpoints change. It is said at each of them: a reviewer looks at the one that is new.
func (e *environment) shared(all []writing) {
	byObject := map[objectAt][]int{}
	for i, w := range all {
		byObject[w.at] = append(byObject[w.at], i)
	}
	for i := range all {
		w := &all[i]
		var others []string
		linked := true
		for _, j := range byObject[w.at] {
			o := &all[j]
			if len(others) == mostOthers {
				break
			}
			if o.name == w.name || w.apart(o) || slices.Contains(others, o.name) || e.annotated(w.name, sharedAnnotation) || e.annotated(o.name, sharedAnnotation) {
				continue
			}
			others = append(others, o.name)
			linked = linked && (e.wayTo(w.name, o.name) != nil || e.wayTo(o.name, w.name) != nil)
		}
		if len(others) > 0 {
			e.sharedObject(w, others, linked)
		}
	}
}

func (e *environment) sharedObject(w *writing, others []string, linked bool) {
	path := w.path + ".unchanged"
	n, found := w.r.tree().at(parsePath(path))
	written := found == len(parsePath(path))
	if w.unchanged == "ledger" && (written || linked) {
		if !written {
			path = w.path + ".object"
			n = nearestNode(w.r.tree(), path)
		}
		d := e.note(w.r, n, diag.Warning, codeStaleLedger, path,
			fmt.Sprintf("the ledger knows only what this touchpoint has sent, and %s %s %q, too", namesOf("touchpoint", others), verb(len(others), "changes", "change"), w.at.object),
			"write unchanged: destination, so that each record is compared with what is there")
		d.Related = e.placesOf("Touchpoint", others, "spec.destination.object")
	}
	if linked {
		return
	}
	d := e.warnPath(w.r, w.path+".object", codeSharedObject,
		fmt.Sprintf("%s %s %q of %q, too, and the last one to write wins", namesOf("touchpoint", others), verb(len(others), "changes", "change"), w.at.object, w.at.connection),
		"let each set fields of its own, order them with after, or say in the annotation "+sharedAnnotation+" how their records differ")
	d.Related = e.placesOf("Touchpoint", others, "spec.destination.object")
}

// loops finds circles of touchpoints in which a change goes round and round, because nothing tells an echo from a change.
func (e *environment) loops(all []writing) {
	readers := map[objectAt][]string{}
	for _, name := range e.all("Touchpoint") {
		s := e.model.Touchpoints[name].Spec.Source
		readers[objectAt{s.Connection, s.Object}] = append(readers[objectAt{s.Connection, s.Object}], name)
	}
	next := map[string][]string{}
	through := map[[2]string]*writing{}
	for i := range all {
		w := &all[i]
		for _, reader := range readers[w.at] {
			if reader == w.name && strings.HasPrefix(w.path, "spec.writeBack") {
				continue // what is written back to the source is judged with the write-back
			}
			if e.echoes(w, reader, all) && through[[2]string{w.name, reader}] == nil {
				next[w.name] = append(next[w.name], reader)
				through[[2]string{w.name, reader}] = w
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		if circle := shortestCircle(next, name); circle != nil {
			e.loop(through[[2]string{name, circle[1]}], circle)
		}
	}
}

// echoes reports whether what a touchpoint writes makes another, which reads it, write in turn.
func (e *environment) echoes(w *writing, reader string, all []writing) bool {
	t := &e.model.Touchpoints[reader].Spec
	switch {
	case !w.known || w.write != "create" && !w.changes():
		return false // ensure touches nothing that is there
	case w.unchanged == "destination" && w.changes():
		return false // what is the same already is not written
	case e.annotated(w.name, loopAnnotation) || e.annotated(reader, loopAnnotation):
		return false
	case e.filtered(w, reader, t):
		return false
	case reader == w.name && strings.HasPrefix(w.path, "spec.writeBack"):
		return false // judged with the write-back itself
	}
	for i := range all {
		o := &all[i]
		if o.name == reader && (o.write == "create" || o.changes() && (o.unchanged == "send" || e.readsOf(t).meets(w.beside))) {
			return true
		}
	}
	return false
}

// filtered reports whether the reader's condition leaves out what the writer has written: it looks at a field to which the writer gives a mark
// of its own, or, where a touchpoint reads what it writes itself, at any field that it sets.
func (e *environment) filtered(w *writing, reader string, t *Touchpoint) bool {
	if t.Source.Where == "" {
		return false
	}
	var seen nameSet
	seen.expression(t.Source.Where, false)
	if reader == w.name {
		return seen.meets(w.sets)
	}
	var marks nameSet
	for name := range w.constants {
		marks.add(name)
	}
	return seen.meets(marks)
}

// readsOf returns the fields of the source record that a touchpoint's output depends on.
func (e *environment) readsOf(t *Touchpoint) nameSet {
	var s nameSet
	for _, name := range t.Mappings() {
		if m, ok := e.model.Mappings[name]; ok {
			m.Spec.Fields.reads(&s, false)
		}
	}
	for _, step := range t.Steps {
		step.Find.reads(&s, false)
	}
	return s
}

// shortestCircle returns a way from a touchpoint back to itself, both ends included; nil when there is none.
func shortestCircle(next map[string][]string, from string) []string {
	came := map[string]string{}
	queue := []string{from}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, to := range next[at] {
			if to == from {
				way := []string{from}
				for ; at != from; at = came[at] {
					way = append(way, at)
				}
				way = append(way, from)
				slices.Reverse(way)
				return way
			}
			if _, seen := came[to]; !seen {
				came[to] = at
				queue = append(queue, to)
			}
		}
	}
	return nil
}

// loop reports a circle at one of its touchpoints.
func (e *environment) loop(w *writing, circle []string) {
	path := w.path + ".object"
	if len(circle) == 2 && strings.HasPrefix(w.path, "spec.writeBack") {
		return // said of the write-back
	}
	if len(circle) == 2 {
		e.problemPath(w.r, path, codeLoop, fmt.Sprintf("it reads %q and writes %q, so that it reads what it has written, again and again", w.at.object, w.at.object),
			"filter what is done already with where: on a field that the mapping sets, or write unchanged: destination")
		return
	}
	others := circle[1 : len(circle)-1]
	d := e.problemPath(w.r, path, codeLoop,
		fmt.Sprintf("what it writes to %q of %q comes back through %s, and so round and round", w.at.object, w.at.connection, namesOf("touchpoint", others)),
		"mark what is written with a constant field and filter it with where: at the source, compare with unchanged: destination, or let each side set other fields; the annotation "+loopAnnotation+" says what else ends it")
	for _, name := range others {
		d.Related = append(d.Related, e.model.Touchpoints[name].Source.Pos("spec.destination.object"))
	}
}
