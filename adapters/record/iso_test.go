package record

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Dates and times are written as package time writes them, on every day there is and at every time.
func TestAppendISO(t *testing.T) {
	for day := time.Date(-1, 12, 1, 0, 0, 0, 0, time.UTC); day.Year() < 10001; day = day.AddDate(0, 0, 1) {
		if got, want := string(DateValue(day).AppendISO(nil)), day.Format(time.DateOnly); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at := time.Unix(rng.Int64N(253402300800+62135596800)-62135596800, rng.Int64N(1e9)/pow(rng.IntN(10))*pow(rng.IntN(10))%1e9)
		at = at.In(time.FixedZone("", 60*(rng.IntN(28*60)-14*60)))
		if at.Year() < 0 || at.Year() > 9999 {
			continue
		}
		if got, want := string(TimestampValue(at).AppendISO(nil)), TimestampValue(at).Time().Format(time.RFC3339Nano); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		ofDay := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC).Sub(midnight)
		if got, want := string(TimeOfDayValue(ofDay).AppendISO(nil)), at.Format("15:04:05.999999999"); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func pow(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
