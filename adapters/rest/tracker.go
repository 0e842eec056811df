package rest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

var errNoList = errors.New("what is at the path of the records is no list")

// A tracker follows the cursor through an incremental read: what to ask for, what was delivered before, and where a later read may start.
type tracker struct {
	plan   *sincePlan
	cursor record.Path
	zone   *time.Location

	asked   time.Time // records before it were not asked for; zero: everything was
	from    place     // deliver nothing of it again; zero: deliver everything
	last    time.Time // of the last record
	at      place
	latest  time.Time       // the other side's clock when the read began
	counted bool            // the list is sorted, and its pages are asked for by number
	recent  []sighting      // what came since the read was last asked from another time on
	before  map[string]bool // digests of what came before that, and comes again
}

// A sighting is a record that came.
type sighting struct {
	at  time.Time
	doc []byte
	sum string // of doc, which is nil then
}

// start returns the value of the time parameter.
func (k *tracker) start(req adapters.ReadRequest) (string, error) {
	begin := req.Start
	if req.From != nil {
		p, ok := parsePlace(req.From)
		if !ok {
			return "", errors.New("the cursor is not one of this object; reset the touchpoint to read anew")
		}
		begin, k.at = p.At.Add(-req.Overlap), p
		k.at.Seen = slices.Clone(p.Seen)
		hidden := k.plan.format.hidden(p.At, k.zone) + k.plan.cursor.hidden(p.At, k.zone)
		if req.Overlap == 0 && hidden == 0 {
			k.from = p
		}
		begin = begin.Add(-hidden)
	}
	if begin.IsZero() {
		return "", nil
	}
	value, asked := k.since(begin)
	k.asked = asked
	return value, nil
}

// since returns the value of the time parameter for everything from begin on, and the time it stands for. That is one unit earlier, because some
// APIs take "since" to be after and some at or after.
func (k *tracker) since(begin time.Time) (value string, asked time.Time) {
	value = k.plan.format.format(begin.Add(-k.plan.format.unit), k.zone)
	asked, _ = k.plan.format.parse(value, k.zone)
	return value, asked
}

// further returns what to ask for what comes behind the last page. Records that change while a sorted list is read move to its end, and all others move
// up: who then asks for the next page by its number misses as many as have moved. Who asks again from the last time on misses none. false: there
// is nothing later to ask from, and the next page it is.
func (k *tracker) further() (value string, asked time.Time, ok bool) {
	if k.last.IsZero() {
		return "", asked, false
	}
	value, asked = k.since(k.last.Add(-k.plan.format.hidden(k.last, k.zone) - k.plan.cursor.hidden(k.last, k.zone)))
	return value, asked, asked.After(k.asked)
}

// askedFrom takes note that the list is asked for again from a time on: what came of that comes again.
func (k *tracker) askedFrom(asked time.Time) {
	again := k.recent[:0]
	k.before = map[string]bool{}
	for _, s := range k.recent {
		if s.at.Add(k.plan.cursor.unit + k.plan.cursor.hidden(s.at, k.zone)).Before(asked) {
			continue
		}
		if s.doc != nil {
			s.sum, s.doc = digest(s.doc), nil
		}
		if !k.before[s.sum] {
			k.before[s.sum] = true
			again = append(again, s)
		}
	}
	k.recent, k.asked, k.last = again, asked, time.Time{}
}

// page takes note of a page and returns the records that were not delivered before.
func (k *tracker) page(a answer, records [][]byte, now time.Time) ([][]byte, error) {
	if k.latest.IsZero() {
		k.latest = now
		if t, err := http.ParseTime(a.header.Get("Date")); err == nil {
			k.latest = t
		}
	}
	kept := records[:0]
	for _, doc := range records {
		t, ok := k.time(doc)
		if !ok {
			kept = append(kept, doc) // whoever maps it says what is wrong with it
			continue
		}
		if err := k.verify(t); err != nil {
			return nil, err
		}
		k.last = t
		if k.counted {
			k.recent = append(k.recent, sighting{at: t, doc: doc})
		}
		known := t.Before(k.from.At) || t.Equal(k.from.At) && slices.Contains(k.from.Seen, digest(doc)) || len(k.before) > 0 && k.before[digest(doc)]
		if !known {
			k.at.pass(t, doc)
			kept = append(kept, doc)
		}
	}
	return kept, nil
}

func (k *tracker) time(doc []byte) (time.Time, bool) {
	raw, ok := find(doc, k.cursor)
	if !ok {
		return time.Time{}, false
	}
	s, ok := text(raw)
	if !ok {
		return time.Time{}, false
	}
	return k.plan.cursor.parse(s, k.zone)
}

// verify checks that the filter and the order that were declared are kept.
func (k *tracker) verify(t time.Time) error {
	if !k.asked.IsZero() && t.Add(k.plan.cursor.unit+k.plan.cursor.hidden(t, k.zone)).Before(k.asked) {
		return fmt.Errorf("records from before the time that was asked for: the parameter %q is ignored, or means something else", k.plan.param)
	}
	if k.plan.sorted && t.Add(k.plan.cursor.hidden(t, k.zone)).Before(k.last) {
		return errors.New("records do not come in the order of the cursor, as sorted says; sort them by query, or say sorted: false")
	}
	return nil
}

// safe returns the cursor behind what was taken note of. It never passes the start of an unsorted read: what changed since may have been
// on a page that was read before.
func (k *tracker) safe() record.Cursor {
	p := k.at
	if p.At.IsZero() {
		return nil
	}
	if !k.plan.sorted && p.At.After(k.latest) {
		p = place{At: k.latest}
	}
	return p.cursor()
}
