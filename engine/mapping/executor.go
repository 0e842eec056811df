package mapping

import (
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// Compile checks a mapping and compiles it. All its problems come back at once; the program is nil when one of them is an error.
func Compile(m *config.Mapping, o Options) (*Program, []Problem) {
	panic("mapping: internal error: not built")
}

// An Executor runs a program: one goroutine's working memory. Not safe for concurrent use.
type Executor struct{}

// NewExecutor returns an executor of the program. now is what $run.now says: the engine gives the start of the slice.
func (p *Program) NewExecutor(now func() time.Time) *Executor {
	panic("mapping: internal error: not built")
}

// Map maps record i of b.
func (e *Executor) Map(b *record.Batch, i int) Result { panic("mapping: internal error: not built") }

// Extract returns only the extra values of record i, for a record that is not mapped because it is gone. The values live as long as
// those of [Executor.Map].
func (e *Executor) Extract(b *record.Batch, i int) ([]record.Value, Reason, bool) {
	panic("mapping: internal error: not built")
}

// AppendJSON appends a row as a JSON object, absent columns left out; with create false those that are sent on create only, too.
func (p *Program) AppendJSON(dst []byte, row []record.Value, create bool) []byte {
	panic("mapping: internal error: not built")
}
