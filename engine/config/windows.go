package config

import (
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/calendar"
)

// CompileWindows prepares windows as they are written, in a zone.
func CompileWindows(windows []Window, zone *time.Location) (calendar.Windows, error) {
	all := make([]calendar.Window, len(windows))
	for i, w := range windows {
		all[i] = calendar.Window{Days: w.Dates, Cron: w.Cron, For: time.Duration(w.For), Reason: w.Reason}
	}
	return calendar.CompileWindows(all, zone)
}

// ClosedTimes prepares the windows in which the connection takes no requests, in its zone.
func (c *Connection) ClosedTimes() (calendar.Windows, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return calendar.Windows{}, fmt.Errorf("unknown zone %q", c.Zone)
	}
	w, err := CompileWindows(c.Closed, zone)
	if err != nil {
		return calendar.Windows{}, fmt.Errorf("closed: %w", err)
	}
	return w, nil
}
