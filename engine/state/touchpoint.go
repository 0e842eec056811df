package state

import (
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// Touchpoint is what state knows of one flow.
type Touchpoint struct {
	// ID is the clear number that rows and jobs carry.
	ID int64
	// UID is its lasting identity, which keys derive from: a rename keeps it, a prune destroys its keys.
	UID secret.UID
	// Name is the name in the repository.
	Name string
	// Generation is raised by each reset; checkpoints belong to one generation. It starts at 1.
	Generation int64
	// CreatedAt is when the touchpoint was first seen.
	CreatedAt time.Time
}
