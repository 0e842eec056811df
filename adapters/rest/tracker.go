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

	asked  time.Time // records before it were not asked for; zero: everything was
	from   place     // deliver nothing of it again; zero: deliver everything
	last   time.Time // of the last record
	at     place
	latest time.Time // the other side's clock when the read began
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
	// One unit earlier, because some APIs take "since" to be after and some at or after.
	value := k.plan.format.format(begin.Add(-k.plan.format.unit), k.zone)
	k.asked, _ = k.plan.format.parse(value, k.zone)
	return value, nil
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
		known := t.Before(k.from.At) || t.Equal(k.from.At) && slices.Contains(k.from.Seen, digest(doc))
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
