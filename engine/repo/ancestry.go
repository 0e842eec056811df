package repo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// everything asks for history without an end.
const everything = 0

// IsDescendant implements [Source]. It asks for ever more history, because
// what is looked for is nearly always close. A server that can filter sends
// commits without files, so that even a long history is small.
func (r *remote) IsDescendant(ctx context.Context, old string, rev *Revision) (Descent, error) {
	if answer, known := descentAtHand(old, rev); known {
		return answer, nil
	}
	ctx, end := r.begin(ctx)
	defer end()
	adv, err := r.advertise(ctx)
	if err != nil {
		return DescentUnknown, r.explain(ctx, err)
	}
	from, to := plumbing.NewHash(old), plumbing.NewHash(rev.Commit)
	for _, depth := range []int{50, 500, everything} {
		objects, err := r.request(ctx, adv, to, depth, true)
		if err != nil {
			return DescentUnknown, r.explainCommit(ctx, err, to)
		}
		answer, err := search(ctx, objects, from, to, objects.shallow)
		if err != nil {
			return DescentUnknown, r.explain(ctx, err)
		}
		if answer != DescentUnknown {
			return answer, nil
		}
	}
	return DescentUnknown, &Error{
		Kind: KindInvalid, Repository: r.where,
		Message: "the server sent its history cut off, so it is not known whether " + old + " is in it",
	}
}

// descentAtHand answers from what the revision itself says.
func descentAtHand(old string, rev *Revision) (Descent, bool) {
	if old == rev.Commit || slices.Contains(rev.Parents, old) {
		return DescentYes, true
	}
	if !isHash(old) || len(rev.Parents) == 0 {
		return DescentNo, true
	}
	return DescentUnknown, false
}

// search looks for a commit in the history of another. It answers
// DescentUnknown when the history was cut off before the commit was found.
func search(ctx context.Context, store objectStore, from, to plumbing.Hash, cut map[plumbing.Hash]bool) (Descent, error) {
	answer := DescentNo
	seen := map[plumbing.Hash]bool{to: true}
	queue := []plumbing.Hash{to}
	for len(queue) > 0 {
		hash := queue[0]
		queue = queue[1:]
		if hash == from {
			return DescentYes, nil
		}
		if err := ctx.Err(); err != nil {
			return DescentUnknown, err
		}
		commit, err := readCommit(store, hash)
		if err != nil {
			return DescentUnknown, err
		}
		if cut[hash] {
			if slices.Contains(commit.ParentHashes, from) {
				return DescentYes, nil
			}
			answer = DescentUnknown
			continue
		}
		for _, parent := range commit.ParentHashes {
			if !seen[parent] {
				seen[parent] = true
				queue = append(queue, parent)
			}
		}
	}
	return answer, nil
}

// RewrittenError returns the [*Error] for a caller that refuses a branch whose
// history was rewritten: rev does not descend from the commit old.
func RewrittenError(repository, old string, rev *Revision) error {
	return &Error{
		Kind: KindRewritten, Repository: scrub(repository),
		Message: fmt.Sprintf("the history of %s was rewritten: %s does not have %s in it",
			cmp.Or(printable(rev.Branch), "the branch"), rev.Commit, printable(old)),
		Hint: "push the branch again with the old history, or allow the rewrite once",
	}
}
