package plan

import (
	"fmt"
	"reflect"

	"github.com/dray-sync/dray/engine/config"
)

// deletedEffects says what another way with records that are gone from the source means.
func (f *flow) deletedEffects() (e []Effect) {
	b, a := &f.before, &f.after
	switch {
	case deletedWords(&b.Source.Deleted) != deletedWords(&a.Source.Deleted):
		e = append(e, deletedEffect(a, "from now on, "))
	case !reflect.DeepEqual(b.Source.Deleted, a.Source.Deleted):
		e = append(e, Effect{Review, "other fields are set at records that are gone from the source; those that are gone already keep what was set"})
	}
	if !a.Source.Deleted.Ignored() && b.Source.Where != a.Source.Where {
		e = append(e, Effect{Safe, "records that the filter holds back are at the source, and do not count as gone"})
	}
	return e
}

// deletedEffect says what a flow does with records that are gone.
func deletedEffect(t *config.Touchpoint, when string) Effect {
	if t.Source.Deleted.Ignored() {
		return Effect{Review, when + "what is gone from the source stays at the destination"}
	}
	text := when + "what is gone from the source " + deletedWords(&t.Source.Deleted)
	if most := deletesWords(t.Limits.MaxDeletes); most != "no record" {
		return Effect{Dangerous, fmt.Sprintf("%s, up to %s a run", text, most)}
	}
	return Effect{Dangerous, text + "; maxDeletes is 0, so that a run that finds some parks"}
}

// deletedWords says what becomes of a record that is gone.
func deletedWords(d *config.Deleted) string {
	switch {
	case d.Ignored():
		return "stays"
	case d.Action == "set":
		return "is changed as source.deleted says"
	default:
		return "is deleted at the destination"
	}
}

// deletesWords says how many records a run deletes at most.
func deletesWords(l *config.Limit) string {
	switch {
	case l == nil || l.Percent == 0 && l.Count == 0:
		return "no record"
	case l.Percent == 0 && l.Count == 1:
		return "1 record"
	case l.Percent == 0:
		return fmt.Sprintf("%d records", l.Count)
	default:
		return limitWords(l)
	}
}

// shrinkEffects says what another bound of how much a read may shrink means.
func (f *flow) shrinkEffects() (e []Effect) {
	b, a := f.before.Limits, f.after.Limits
	if before, after := shrinkWords(b.MaxShrink), shrinkWords(a.MaxShrink); before != after && !f.after.Source.Deleted.Ignored() {
		risk := Dangerous
		if lower(a.MaxShrink, b.MaxShrink) {
			risk = Safe
		}
		e = append(e, Effect{risk, fmt.Sprintf("a read that saw %s fewer records than the one before may delete, instead of %s", after, before)})
	}
	return e
}

// shrinkWords is a part by which a read may shrink.
func shrinkWords(l *config.Limit) string {
	if l == nil {
		return "50%"
	}
	return fmt.Sprintf("%g%%", l.Percent)
}
