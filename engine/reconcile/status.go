package reconcile

import (
	"slices"
	"time"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/plan"
)

// ConditionType names one aspect of the agent's state, as Flux and kstatus do.
type ConditionType string

// The conditions.
const (
	Ready       ConditionType = "Ready"       // a good revision is applied and it is the newest
	Fetched     ConditionType = "Fetched"     // git answers
	Valid       ConditionType = "Valid"       // the newest revision is valid
	Reconciling ConditionType = "Reconciling" // a revision is being worked on
	Stalled     ConditionType = "Stalled"     // trying again is useless until something is changed
	Decrypted   ConditionType = "Decrypted"   // every credential in use is the newest of the repository
	Paused      ConditionType = "Paused"      // True: nobody asks some connection, because of what the other side said, or because it does not answer
	Drifted     ConditionType = "Drifted"     // True: something differs from the repository by hand, for a time
	Late        ConditionType = "Late"        // True: a touchpoint has not reached its end by the time that its expectBy names
)

// Condition is one aspect.
type Condition struct {
	Type               ConditionType `json:"type"`
	Status             string        `json:"status"` // True | False | Unknown
	Reason             string        `json:"reason"` // PascalCase
	Message            string        `json:"message"`
	ObservedRevision   string        `json:"observedRevision,omitempty"`
	LastTransitionTime time.Time     `json:"lastTransitionTime"`
}

// Status is what the agent knows of its configuration.
type Status struct {
	Repository            string          `json:"repository"`
	Environment           string          `json:"environment"`
	LastAttemptedRevision string          `json:"lastAttemptedRevision,omitempty"`
	LastAppliedRevision   string          `json:"lastAppliedRevision,omitempty"`
	LastAppliedAt         time.Time       `json:"lastAppliedAt,omitzero"`
	Conditions            []Condition     `json:"conditions"`
	Diagnostics           diag.List       `json:"diagnostics,omitempty"` // of the last attempted revision
	Plan                  *plan.Changes   `json:"plan,omitempty"`        // of the last attempted revision
	LastHandledRequest    string          `json:"lastHandledRequest,omitempty"`
	History               []HistoryRecord `json:"history,omitempty"` // newest first
}

// HistoryRecord is one attempt to reconcile a revision.
type HistoryRecord struct {
	Revision string    `json:"revision"`
	At       time.Time `json:"at"`
	Result   string    `json:"result"` // Applied | Invalid | Blocked | FetchFailed | Rewritten | ApplyFailed
	Summary  string    `json:"summary,omitempty"`
}

// historyLength is how many attempts are remembered.
const historyLength = 50

// Condition returns the condition of that type; the zero Condition when there is none.
func (s Status) Condition(t ConditionType) Condition {
	for _, c := range s.Conditions {
		if c.Type == t {
			return c
		}
	}
	return Condition{}
}

// set sets a condition. Its transition time moves only when its status changes.
func (s *Status) set(t ConditionType, ok bool, reason, message string, now time.Time) {
	status := "False"
	if ok {
		status = "True"
	}
	c := Condition{Type: t, Status: status, Reason: reason, Message: message, ObservedRevision: s.LastAttemptedRevision, LastTransitionTime: now}
	for i, old := range s.Conditions {
		if old.Type == t {
			if old.Status == status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			s.Conditions[i] = c
			return
		}
	}
	s.Conditions = append(s.Conditions, c)
}

// clone returns a copy whose slices the caller may keep.
func (s Status) clone() Status {
	s.Conditions, s.Diagnostics, s.History = slices.Clone(s.Conditions), slices.Clone(s.Diagnostics), slices.Clone(s.History)
	return s
}

// remember adds an attempt to the history; a repetition of the last one only moves its time.
func (s *Status) remember(h HistoryRecord) {
	if len(s.History) > 0 && s.History[0].Revision == h.Revision && s.History[0].Result == h.Result {
		s.History[0] = h
		return
	}
	s.History = append([]HistoryRecord{h}, s.History...)
	if len(s.History) > historyLength {
		s.History = s.History[:historyLength]
	}
}
