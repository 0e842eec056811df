package state

import "time"

// Revision is one verified revision of the repository, as it was fetched.
type Revision struct {
	// Commit is the git commit.
	Commit string
	// Digest is the digest of the configuration it yields.
	Digest string
	// At is when it was verified; set by [Store.SaveRevision] when zero.
	At time.Time
	// Blob is whatever the caller needs to serve it again without git.
	Blob []byte
}

// KeptRevisions is how many verified revisions are kept.
const KeptRevisions = 5

// Suspension is a local stop of one touchpoint, or of all.
type Suspension struct {
	// TouchpointID is the one suspended; 0 means all.
	TouchpointID int64
	// Actor and Why say who and why.
	Actor, Why string
	// At is when it began; set by [Store.Suspend] when zero.
	At time.Time
	// Until is when it ends by itself; zero means by [Store.Resume] only.
	Until time.Time
}

// HighWater is the highest generation seen of a credential, a ring or a trust file.
type HighWater struct {
	Generation int64
	// Digest is of the file that carried it.
	Digest []byte
}
