package run

import (
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/config"
)

// closedTimes are when a connection takes no requests.
type closedTimes struct {
	connection string
	windows    calendar.Windows
}

// closedTimesOf returns those of the connections that a touchpoint uses.
func closedTimesOf(m *config.Model, t *config.Touchpoint) ([]closedTimes, error) {
	var all []closedTimes
	for _, name := range m.ConnectionsOf(t) {
		c, ok := m.Connections[name]
		if !ok || len(c.Spec.Closed) == 0 {
			continue
		}
		w, err := c.Spec.ClosedTimes()
		if err != nil {
			return nil, fmt.Errorf("connection %q: %w", name, err)
		}
		all = append(all, closedTimes{name, w})
	}
	return all, nil
}

// A closedError interrupts a run while one of its connections takes no requests.
type closedError struct {
	connection, reason string
	until              time.Time
}

// Error says which connection, why and until when.
func (e *closedError) Error() string {
	text := fmt.Sprintf("connection %q is closed until %s", e.connection, e.until.Format(time.RFC3339))
	if e.reason != "" {
		text += ": " + e.reason
	}
	return text
}

// open reports, as a *closedError, a connection of the flow that is closed at an instant; of several, the one that is closed longest.
func (f *Flow) open(now time.Time) error {
	var closed *closedError
	for _, c := range f.closed {
		if until, reason, in := c.windows.In(now); in && (closed == nil || until.After(closed.until)) {
			closed = &closedError{c.connection, reason, until}
		}
	}
	if closed == nil {
		return nil
	}
	return closed
}
