package repo

import (
	"context"
	"strings"
	"time"
)

// A Source is a place revisions come from. Implementations are safe for
// concurrent use. No method keeps anything on disk.
type Source interface {
	// Head says what the followed branch points at now. Over a network it is
	// one small request, cheap enough to be the poll.
	Head(ctx context.Context) (Ref, error)

	// Fetch reads one revision whole. An empty rev means the followed branch.
	// A remote repository takes a full commit hash or the name of a branch or
	// tag; a local one takes whatever git calls a revision, such as HEAD~1; a
	// plain directory takes only the empty rev.
	Fetch(ctx context.Context, rev string) (*Revision, error)

	// IsDescendant says whether rev has the commit old in its history, or is
	// it. DescentUnknown comes with an error that says why it could not be
	// found out; the two other answers come with none. A plain directory has
	// no history and always answers DescentYes.
	IsDescendant(ctx context.Context, old string, rev *Revision) (Descent, error)
}

// Descent is the answer to whether a commit descends from another. Only
// DescentYes permits going on; the zero value is DescentUnknown.
type Descent int

// The three answers to the question of descent.
const (
	DescentUnknown Descent = iota
	DescentYes
	DescentNo
)

// String returns yes, no or unknown.
func (d Descent) String() string {
	switch d {
	case DescentYes:
		return "yes"
	case DescentNo:
		return "no"
	default:
		return "unknown"
	}
}

// A Ref is a name and what it points at.
type Ref struct {
	// Name is the full name, such as refs/heads/main. It is empty for a plain
	// directory.
	Name string
	// Commit is the hash of the commit in 40 hexadecimal digits, of a plain
	// directory the 64 digits of the digest of its content.
	Commit string
}

// String returns the ref as Flux writes it: main@sha1:<hash>.
func (r Ref) String() string { return formatRevision(shortName(r.Name), r.Commit) }

// A Revision is one commit of a repository, read whole. It is immutable and
// safe for concurrent use. Names, addresses and the subject were written by
// whoever made the commit: escape them before showing them.
type Revision struct {
	// Commit is as in [Ref].
	Commit string
	// Branch is the short name of the branch, or tag, the commit was found by.
	Branch string
	// Parents are the hashes of the parent commits; empty for the first commit.
	Parents []string
	// Author wrote the change and Committer made the commit; both are zero for
	// a plain directory.
	Author, Committer Signature
	// Subject is the first line of the commit message.
	Subject string
	// Digest is [Tree.Digest] of the whole tree.
	Digest string
	// Tree holds the files.
	Tree *Tree
}

// A Signature says who did something and when. Time is in UTC.
type Signature struct {
	Name  string    `json:"name,omitempty"`
	Email string    `json:"email,omitempty"`
	Time  time.Time `json:"time,omitzero"`
}

// String returns the revision as Flux writes it: main@sha1:<hash>.
func (r Revision) String() string { return formatRevision(r.Branch, r.Commit) }

// formatRevision writes a name and a hash; the length of the hash says which
// function made it.
func formatRevision(name, hash string) string {
	algorithm := "sha1"
	if len(hash) == 64 {
		algorithm = "sha256"
	}
	if name == "" {
		return algorithm + ":" + hash
	}
	return name + "@" + algorithm + ":" + hash
}

// shortName drops the part of a ref's name that a reader does not need.
func shortName(name string) string {
	for _, prefix := range []string{branchPrefix, tagPrefix} {
		if short, ok := strings.CutPrefix(name, prefix); ok {
			return short
		}
	}
	return name
}

const (
	branchPrefix = "refs/heads/"
	tagPrefix    = "refs/tags/"
)

// Sub returns the revision with only the part of the tree below dir, as
// [Tree.Sub]; its digest is that of the part.
func (r *Revision) Sub(dir string) (*Revision, error) {
	tree, err := r.Tree.Sub(dir)
	if err != nil {
		return nil, err
	}
	part := *r
	part.Tree, part.Digest = tree, tree.Digest()
	return &part, nil
}
