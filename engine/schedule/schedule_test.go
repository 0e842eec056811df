package schedule

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/config"
)

func compile(t *testing.T, s config.Schedule) *Schedule {
	t.Helper()
	c, err := Compile(s, "orders")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIntervalIsTheSameEverywhereAndEven(t *testing.T) {
	s := compile(t, config.Schedule{Every: config.Duration(2 * time.Minute)})
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	first := s.Next(at)
	if d := first.Sub(at); d <= 0 || d > 2*time.Minute {
		t.Fatalf("first due %s after the start", d)
	}
	if got := s.Next(first); !got.Equal(first.Add(2 * time.Minute)) {
		t.Errorf("second due at %s, want two minutes after %s", got, first)
	}
	if got := s.Next(at.Add(time.Second)); !got.Equal(first) {
		t.Errorf("a machine that asks a second later gets %s, want %s", got, first)
	}
}

func TestCronKeepsLocalTimeOverDaylightSaving(t *testing.T) {
	s := compile(t, config.Schedule{Cron: "30 8 * * *", Zone: "Europe/Berlin"})
	before := s.Next(time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC))
	after := s.Next(before)
	if before.Hour() != 7 || after.Hour() != 6 {
		t.Errorf("due at %s and %s, want 07:30 and, in summer time, 06:30 UTC", before, after)
	}
}

func TestMissed(t *testing.T) {
	last := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		schedule config.Schedule
		now      time.Time
		want     string
	}{
		"latest of several": {config.Schedule{Cron: "0 * * * *", Zone: "UTC"}, last.Add(5*time.Hour + time.Minute), "2026-03-01T05:00:00Z"},
		"none yet":          {config.Schedule{Cron: "0 * * * *", Zone: "UTC"}, last.Add(time.Minute), ""},
		"skipped":           {config.Schedule{Cron: "0 * * * *", Zone: "UTC", Missed: "skip"}, last.Add(5 * time.Hour), ""},
		"months away":       {config.Schedule{Cron: "*/5 * * * *", Zone: "UTC"}, last.Add(100*24*time.Hour + time.Minute), "2026-06-09T00:00:00Z"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			due, ok := compile(t, tt.schedule).Missed(last, tt.now)
			got := ""
			if ok {
				got = due.Format(time.RFC3339)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnlyIntervalsAreDueAtOnce(t *testing.T) {
	if !compile(t, config.Schedule{Every: config.Duration(time.Minute)}).AtOnce(time.Now()) || compile(t, config.Schedule{Cron: "0 3 * * *", Zone: "UTC"}).AtOnce(time.Now()) {
		t.Error("a new interval is due at once, a new cron line at its time")
	}
}

func TestJitterIsBoundedAndStable(t *testing.T) {
	s := compile(t, config.Schedule{Cron: "0 * * * *", Zone: "UTC", Jitter: config.Duration(30 * time.Second)})
	due := time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC)
	if d := s.At(due).Sub(due); d < 0 || d >= 30*time.Second || !s.At(due).Equal(s.At(due)) {
		t.Errorf("jitter of %s", d)
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, s := range map[string]config.Schedule{"nothing": {}, "bad cron": {Cron: "every day"}, "bad zone": {Cron: "0 * * * *", Zone: "Berlin"}} {
		if _, err := Compile(s, "orders"); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
