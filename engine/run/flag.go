package run

import (
	"fmt"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/state"
)

// CodeFlagStays is the code of a run that read records by a flag which was to be taken away long ago.
const CodeFlagStays = "FlagStays"

// noticeFlag counts a record that is read by its flag although it was delivered as it is, and that was written back: what is written back does not
// take the flag away. same: its version is the one that was delivered.
func (s *stage) noticeFlag(it *item, same bool) {
	if s.ends.flow.Spec.Source.Read != string(adapters.ReadFlag) || !it.before.State.Delivered() || it.before.State == state.LedgerUnacknowledged {
		return
	}
	if same || s.ends.version < 0 && it.fate == toWrite && it.before.Fingerprint == [32]byte(it.fingerprint) {
		s.flagged++
	}
}

// takeFlagged returns how many such records there were since the last call.
func (s *stage) takeFlagged() int64 {
	n := s.flagged
	s.flagged = 0
	return n
}

// flagStays says at the end of a run that flags stay: every run reads those records again.
func (w *work) flagStays(end *state.RunEnd) *state.RunEnd {
	if n := w.memory.flagged; n > 0 {
		if end.Status == state.RunSucceeded || end.Status == state.RunEmpty {
			end.Status = state.RunPartial
		}
		end.Code = CodeFlagStays
		end.Detail = fmt.Sprintf("%d records were delivered and written back before, and have their flag still: what is written back does not take it away, and every run reads them again", n)
	}
	return end
}
