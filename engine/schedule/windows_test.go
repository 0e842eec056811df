package schedule

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/config"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDueTimesInWindows(t *testing.T) {
	hour := config.Duration(time.Hour)
	office := []config.Window{{Cron: "0 8 * * 1-5", For: 10 * hour}}
	for _, tc := range []struct {
		name     string
		schedule config.Schedule
		from     string
		want     []string
	}{
		{"inside of windows", config.Schedule{Cron: "0 */6 * * *", Windows: office}, "2026-05-01T00:00:00Z", []string{"2026-05-01T10:00:00Z", "2026-05-04T10:00:00Z"}},
		{"not while closed", config.Schedule{Cron: "0 12 * * *", Closed: []config.Window{{Dates: []string{"2026-12-24/2026-12-26"}}}}, "2026-12-23T10:00:00Z", []string{"2026-12-23T11:00:00Z", "2026-12-27T11:00:00Z"}},
		{"both", config.Schedule{Cron: "0 * * * *", Windows: office, Closed: []config.Window{{Cron: "0 9 * * *", For: 9 * hour}}}, "2026-05-01T00:00:00Z", []string{"2026-05-01T06:00:00Z", "2026-05-04T06:00:00Z"}},
		{"over the change of clocks", config.Schedule{Cron: "30 * * * *", Windows: []config.Window{{Cron: "0 1 * * *", For: 3 * hour}}}, "2026-10-24T12:00:00Z", []string{"2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z", "2026-10-26T00:30:00Z"}},
		{"no window any more", config.Schedule{Cron: "0 * * * *", Windows: []config.Window{{Dates: []string{"2026-05-01"}}}}, "2026-05-01T21:30:00Z", []string{""}},
		{"an interval", config.Schedule{Every: hour, Windows: []config.Window{{Dates: []string{"2026-05-01"}}}}, "2026-05-01T22:30:00Z", []string{""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.schedule.Zone = "Europe/Berlin"
			s := compile(t, tc.schedule)
			at := instant(t, tc.from)
			for i, want := range tc.want {
				if at = s.Next(at); !at.Equal(instant(t, want)) {
					t.Fatalf("due time %d is %v, want %s", i, at, want)
				}
			}
		})
	}
}

// TestClosedIsNotMissed holds that what was left out because it is closed is not caught up with.
func TestClosedIsNotMissed(t *testing.T) {
	s := compile(t, config.Schedule{Cron: "0 2 * * *", Zone: "UTC", Closed: []config.Window{{Dates: []string{"2026-05-02/2026-05-03"}}}})
	if due, ok := s.Missed(instant(t, "2026-05-01T02:00:00Z"), instant(t, "2026-05-03T12:00:00Z")); ok {
		t.Errorf("missed %v", due)
	}
	if due, ok := s.Missed(instant(t, "2026-05-01T02:00:00Z"), instant(t, "2026-05-04T12:00:00Z")); !ok || !due.Equal(instant(t, "2026-05-04T02:00:00Z")) {
		t.Errorf("missed %v, %v", due, ok)
	}
}

// TestJitterStaysInTheWindow holds that a delay moves no run out of its window.
func TestJitterStaysInTheWindow(t *testing.T) {
	s := compile(t, config.Schedule{Cron: "59 17 * * *", Zone: "UTC", Jitter: config.Duration(time.Hour), Windows: []config.Window{{Cron: "0 8 * * *", For: config.Duration(10 * time.Hour)}}})
	at := instant(t, "2026-05-01T00:00:00Z")
	for range 100 {
		at = s.Next(at)
		if worked := s.At(at); worked.Hour() != 17 {
			t.Fatalf("due %v, worked %v", at, worked)
		}
	}
}

func TestClosedNowIsNotDueAtOnce(t *testing.T) {
	s := compile(t, config.Schedule{Every: config.Duration(time.Minute), Zone: "UTC", Closed: []config.Window{{Dates: []string{"2026-05-01"}}}})
	if s.AtOnce(instant(t, "2026-05-01T12:00:00Z")) || !s.AtOnce(instant(t, "2026-05-02T00:00:00Z")) {
		t.Error("it begins while it is closed, or not after")
	}
}

func TestLate(t *testing.T) {
	nightly := config.Schedule{Cron: "30 3 * * *", ExpectBy: "06:00"}
	evening := config.Schedule{Cron: "0 22 * * *", ExpectBy: "06:00"}
	often := config.Schedule{Every: config.Duration(2 * time.Minute), ExpectBy: "06:00"}
	weekdays := config.Schedule{Cron: "30 3 * * 1-5", ExpectBy: "06:00"}
	for _, tc := range []struct {
		name         string
		schedule     config.Schedule
		success, now string
		late         string // since; empty: it is not
	}{
		{"succeeded tonight", nightly, "2026-05-06T01:40:00Z", "2026-05-06T06:00:00Z", ""},
		{"failed tonight", nightly, "2026-05-05T01:40:00Z", "2026-05-06T06:00:00Z", "2026-05-06T04:00:00Z"},
		{"not yet expected", nightly, "2026-05-05T01:40:00Z", "2026-05-06T03:59:00Z", ""},
		{"late since yesterday", nightly, "2026-05-04T01:40:00Z", "2026-05-06T03:59:00Z", "2026-05-05T04:00:00Z"},
		{"made good later", nightly, "2026-05-06T08:00:00Z", "2026-05-06T09:00:00Z", ""},
		{"never", nightly, "", "2026-05-06T09:00:00Z", "2026-05-06T04:00:00Z"},
		{"the evening before", evening, "2026-05-05T20:05:00Z", "2026-05-06T09:00:00Z", ""},
		{"not the evening before", evening, "2026-05-04T20:05:00Z", "2026-05-06T09:00:00Z", "2026-05-06T04:00:00Z"},
		{"often, today", often, "2026-05-05T22:30:00Z", "2026-05-06T09:00:00Z", ""},
		{"often, not today", often, "2026-05-05T21:30:00Z", "2026-05-06T09:00:00Z", "2026-05-06T04:00:00Z"},
		{"nothing on Sundays", weekdays, "2026-05-08T01:40:00Z", "2026-05-10T09:00:00Z", ""},
		{"since Friday", weekdays, "2026-05-07T01:40:00Z", "2026-05-10T09:00:00Z", "2026-05-08T04:00:00Z"},
		{"nothing expected", config.Schedule{Cron: "30 3 * * *"}, "", "2026-05-10T09:00:00Z", ""},
		{"summer time", nightly, "2026-03-28T02:40:00Z", "2026-03-29T04:30:00Z", "2026-03-29T04:00:00Z"},
		{"winter time", nightly, "2026-10-24T01:40:00Z", "2026-10-25T05:30:00Z", "2026-10-25T05:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.schedule.Zone = "Europe/Berlin"
			by, late := compile(t, tc.schedule).Late(instant(t, tc.success), instant(t, "2026-01-01T00:00:00Z"), instant(t, tc.now))
			if want := instant(t, tc.late); late != (tc.late != "") || late && !by.Equal(want) {
				t.Errorf("late %v since %v, want %q", late, by, tc.late)
			}
		})
	}
	nightly.Zone = "Europe/Berlin"
	if _, late := compile(t, nightly).Late(time.Time{}, instant(t, "2026-05-06T08:00:00Z"), instant(t, "2026-05-06T09:00:00Z")); late {
		t.Error("a touchpoint is late that was not there yet")
	}
}
