package calendar

import (
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestCronWhenClocksChange walks over both changes of a year in Berlin: 2026-03-29 has no 02:00 to 03:00, and 2026-10-25 has it twice.
func TestCronWhenClocksChange(t *testing.T) {
	for _, tc := range []struct {
		name, cron, from string
		want             []string
	}{
		{"in the hour that is left out", "30 2 * * *", "2026-03-28T00:00:00Z", []string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"in the hour that comes twice", "30 2 * * *", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"several times an hour that is named", "*/30 2 * * *", "2026-10-24T12:00:00Z", []string{"2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"}},
		{"once for all that is left out", "0,30 2 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
		{"every hour forward", "15 * * * *", "2026-03-29T00:00:00Z", []string{"2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z"}},
		{"every hour back", "15 * * * *", "2026-10-25T00:00:00Z", []string{"2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-25T02:15:00Z"}},
		{"on that Sunday of the year alone", "30 2 29 3 *", "2026-01-01T00:00:00Z", []string{"2026-03-29T01:00:00Z", "2027-03-29T00:30:00Z"}},
		{"never", "0 0 30 2 *", "2026-01-01T00:00:00Z", []string{""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := ParseCron(tc.cron, zone(t, "Europe/Berlin"))
			if err != nil {
				t.Fatal(err)
			}
			at := instant(t, tc.from)
			for i, want := range tc.want {
				at = c.Next(at)
				got := ""
				if !at.IsZero() {
					got = at.Format(time.RFC3339)
				}
				if got != want {
					t.Fatalf("moment %d: got %s, want %s", i, got, want)
				}
			}
		})
	}
}

func TestCronIsRefused(t *testing.T) {
	for _, text := range []string{"", "@every 5m", "61 * * * *"} {
		if _, err := ParseCron(text, time.UTC); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestWindows(t *testing.T) {
	for _, tc := range []struct {
		name    string
		windows []Window
		at      string
		until   string // empty: outside
	}{
		{"a day", []Window{{Days: []string{"2026-12-24"}}}, "2026-12-23T23:00:00Z", "2026-12-24T23:00:00Z"},
		{"before the day", []Window{{Days: []string{"2026-12-24"}}}, "2026-12-23T22:59:59Z", ""},
		{"days over the new year", []Window{{Days: []string{"2026-12-24/2027-01-01"}}}, "2026-12-31T12:00:00Z", "2027-01-01T23:00:00Z"},
		{"after the last day", []Window{{Days: []string{"2026-12-24/2027-01-01"}}}, "2027-01-01T23:00:00Z", ""},
		{"a short day", []Window{{Days: []string{"2026-03-29"}}}, "2026-03-29T01:00:00Z", "2026-03-29T22:00:00Z"},
		{"a nightly backup", []Window{{Cron: "0 2 * * *", For: time.Hour}}, "2026-05-01T00:30:00Z", "2026-05-01T01:00:00Z"},
		{"at its end", []Window{{Cron: "0 2 * * *", For: time.Hour}}, "2026-05-01T01:00:00Z", ""},
		{"the night when clocks go forward", []Window{{Cron: "0 22 * * *", For: 8 * time.Hour}}, "2026-03-28T23:00:00Z", "2026-03-29T04:00:00Z"},
		{"the night when clocks go back", []Window{{Cron: "0 22 * * *", For: 8 * time.Hour}}, "2026-10-25T00:00:00Z", "2026-10-25T05:00:00Z"},
		{"one after the other", []Window{{Cron: "0 2 * * *", For: time.Hour}, {Cron: "0 3 * * *", For: time.Hour}}, "2026-05-01T00:30:00Z", "2026-05-01T02:00:00Z"},
		{"one inside the other", []Window{{Cron: "0 2 * * *", For: 3 * time.Hour}, {Cron: "0 3 * * *", For: time.Hour}}, "2026-05-01T01:30:00Z", "2026-05-01T03:00:00Z"},
		{"always", []Window{{Cron: "0 * * * *", For: 2 * time.Hour}}, "2026-05-01T00:00:00Z", "2027-05-01T00:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, err := CompileWindows(tc.windows, zone(t, "Europe/Berlin"))
			if err != nil {
				t.Fatal(err)
			}
			until, _, in := w.In(instant(t, tc.at))
			got := ""
			if in {
				got = until.Format(time.RFC3339)
			}
			if got != tc.until {
				t.Errorf("inside until %q, want %q", got, tc.until)
			}
		})
	}
}

func TestWindowsBegin(t *testing.T) {
	w, err := CompileWindows([]Window{{Days: []string{"2026-05-03"}}, {Cron: "0 2 * * *", For: time.Hour}}, time.UTC)
	if err != nil || w.None() {
		t.Fatal(err)
	}
	if got := w.Begins(instant(t, "2026-05-02T02:00:00Z")); !got.Equal(instant(t, "2026-05-03T00:00:00Z")) {
		t.Errorf("the next begins at %v", got)
	}
	once, _ := CompileWindows([]Window{{Days: []string{"2026-05-03"}}}, time.UTC)
	if got := once.Begins(instant(t, "2026-05-03T00:00:00Z")); !got.IsZero() {
		t.Errorf("a day that has begun begins again at %v", got)
	}
	if _, _, in := (Windows{}).In(time.Now()); in {
		t.Error("no window holds an instant")
	}
}

func TestDaysAreRefused(t *testing.T) {
	for _, text := range []string{"", "24.12.2026", "2026-12-24/", "2026-12-24/2026-12-23", "2026-02-30"} {
		if _, _, err := ParseDays(text, time.UTC); err == nil {
			t.Errorf("%q is taken", text)
		}
		if _, err := CompileWindows([]Window{{Days: []string{text}}}, time.UTC); err == nil {
			t.Errorf("a window of %q is taken", text)
		}
	}
}
