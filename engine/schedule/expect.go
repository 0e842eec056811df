package schedule

import (
	"fmt"
	"time"
)

// An expectation is a time of the day by which a run must have succeeded.
type expectation struct {
	hour, minute int
	zone         *time.Location
}

// expectationOf reads a time of the day. Empty: nothing is expected.
func expectationOf(text string, zone *time.Location) (*expectation, error) {
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		return nil, fmt.Errorf("expectBy %q is not a time of the day such as 06:00", text)
	}
	return &expectation{hour: at.Hour(), minute: at.Minute(), zone: zone}, nil
}

// Expects reports whether there is a time of the day by which a run must have reached its end.
func (s *Schedule) Expects() bool { return s.expect != nil }

// Late reports whether a run was expected to reach its end by now and did not: by is the time of the day it was expected by, today or, until
// that time has come, on the day before. success is when a run last reached its end, and since is when the touchpoint was first seen.
//
// What counts is a success since midnight, or for a schedule that has no due time between midnight and the time expected, such as one of
// 22:00 for 06:00, in the 24 hours before. A day without a due time, because the schedule is closed or weekly, expects nothing.
func (s *Schedule) Late(success, since, now time.Time) (by time.Time, late bool) {
	if s.expect == nil {
		return time.Time{}, false
	}
	const week = 7
	today := now.In(s.expect.zone)
	for back := range week + 1 {
		at := func(day, hour, minute int) time.Time {
			return time.Date(today.Year(), today.Month(), today.Day()-back+day, hour, minute, 0, 0, s.expect.zone)
		}
		by := at(0, s.expect.hour, s.expect.minute)
		begin := at(0, 0, 0)
		if !s.dueWithin(begin, by) {
			begin = at(-1, s.expect.hour, s.expect.minute)
		}
		if by.After(now) || !s.dueWithin(begin, by) {
			continue
		}
		return by.UTC(), success.Before(begin) && since.Before(by)
	}
	return time.Time{}, false
}

// dueWithin reports whether there is a due time from one instant on and before another.
func (s *Schedule) dueWithin(from, before time.Time) bool {
	due := s.Next(from.Add(-time.Nanosecond))
	return !due.IsZero() && due.Before(before)
}
