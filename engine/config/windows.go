package config

import (
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
