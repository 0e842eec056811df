package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// local is a git repository in a directory of this machine. Its object
// database is read directly: no program runs and nothing is written.
type local struct {
	path   string
	branch string
	limits Limits
}

var _ Source = (*local)(nil)

// openLocal judges a path.
func openLocal(opts Options) (*local, error) {
	l := &local{path: opts.URL, branch: opts.Branch, limits: opts.Limits}
	if _, err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open opens the repository afresh, so that what others did to it meanwhile,
// such as packing its objects, is seen.
func (l *local) open() (*git.Repository, error) {
	where := printable(l.path)
	info, err := os.Stat(l.path)
	if err != nil {
		return nil, &Error{Kind: KindNotFound, Repository: where, Message: "cannot be opened", Err: rootCause(err)}
	}
	if !info.IsDir() {
		return nil, &Error{Kind: KindNotFound, Repository: where, Message: "is not a directory"}
	}
	repository, err := git.PlainOpenWithOptions(l.path, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return nil, &Error{
			Kind: KindNotFound, Repository: where,
			Message: "is not a git repository", Hint: "run git init and commit in it",
		}
	}
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Repository: where, Message: "cannot be read as a git repository", Err: err}
	}
	return repository, nil
}

// Head implements [Source].
func (l *local) Head(ctx context.Context) (Ref, error) {
	repository, err := l.open()
	if err != nil {
		return Ref{}, err
	}
	return l.head(ctx, repository)
}

func (l *local) head(ctx context.Context, repository *git.Repository) (Ref, error) {
	if err := ctx.Err(); err != nil {
		return Ref{}, l.explain(err)
	}
	if l.branch == "" {
		ref, err := repository.Head()
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			return Ref{}, l.noHead(repository)
		}
		if err != nil {
			return Ref{}, l.explain(err)
		}
		return Ref{Name: ref.Name().String(), Commit: ref.Hash().String()}, nil
	}
	for _, full := range []string{l.branch, branchPrefix + l.branch, tagPrefix + l.branch} {
		name := plumbing.ReferenceName(full)
		if name.Validate() != nil {
			continue
		}
		if _, err := storer.ResolveReference(repository.Storer, name); err != nil {
			continue
		}
		commit, err := repository.ResolveRevision(plumbing.Revision(full))
		if err != nil {
			return Ref{}, l.explain(err)
		}
		return Ref{Name: full, Commit: commit.String()}, nil
	}
	refs, err := hashes(repository)
	if err != nil {
		return Ref{}, l.explain(err)
	}
	return Ref{}, branchNotFound(printable(l.path), l.branch, branches(refs))
}

// noHead says why HEAD points at nothing: there is no commit, or the branch it
// names is not there.
func (l *local) noHead(repository *git.Repository) error {
	refs, err := hashes(repository)
	if err != nil {
		return l.explain(err)
	}
	head, err := repository.Reference(plumbing.HEAD, false)
	if len(refs) == 0 || err != nil {
		return &Error{Kind: KindEmpty, Repository: printable(l.path), Message: "it has no commit yet", Hint: "commit something"}
	}
	return branchNotFound(printable(l.path), head.Target().String(), branches(refs))
}

// hashes returns all names and what they point at.
func hashes(repository *git.Repository) (map[string]plumbing.Hash, error) {
	iter, err := repository.References()
	if err != nil {
		return nil, err
	}
	refs := map[string]plumbing.Hash{}
	err = iter.ForEach(func(ref *plumbing.Reference) error {
		if ref.Type() == plumbing.HashReference {
			refs[ref.Name().String()] = ref.Hash()
		}
		return nil
	})
	return refs, err
}

// Fetch implements [Source].
func (l *local) Fetch(ctx context.Context, rev string) (*Revision, error) {
	repository, err := l.open()
	if err != nil {
		return nil, err
	}
	ref, err := l.locate(ctx, repository, rev)
	if err != nil {
		return nil, err
	}
	store := diskStore{repository.Storer, l.limits.UnpackedBytes}
	revision, err := readRevision(ctx, store, plumbing.NewHash(ref.Commit), shortName(ref.Name), l.limits)
	if err != nil {
		return nil, l.explain(err)
	}
	return revision, nil
}

// locate finds what Fetch was asked for.
func (l *local) locate(ctx context.Context, repository *git.Repository, rev string) (Ref, error) {
	if rev == "" {
		return l.head(ctx, repository)
	}
	commit, err := repository.ResolveRevision(plumbing.Revision(rev))
	if err != nil {
		return Ref{}, commitNotFound(printable(l.path), rev)
	}
	ref := Ref{Commit: commit.String()}
	if head, err := l.head(ctx, repository); err == nil {
		ref.Name = head.Name
	}
	return ref, nil
}

// IsDescendant implements [Source]. A clone that was itself made shallow
// answers DescentUnknown beyond its edge.
func (l *local) IsDescendant(ctx context.Context, old string, rev *Revision) (Descent, error) {
	if answer, known := descentAtHand(old, rev); known {
		return answer, nil
	}
	repository, err := l.open()
	if err != nil {
		return DescentUnknown, err
	}
	shallow, err := repository.Storer.Shallow()
	if err != nil {
		return DescentUnknown, l.explain(err)
	}
	cut := map[plumbing.Hash]bool{}
	for _, h := range shallow {
		cut[h] = true
	}
	answer, err := search(ctx, diskStore{repository.Storer, l.limits.UnpackedBytes}, plumbing.NewHash(old), plumbing.NewHash(rev.Commit), cut)
	if err != nil {
		return DescentUnknown, l.explain(err)
	}
	if answer == DescentUnknown {
		return answer, &Error{
			Kind: KindInvalid, Repository: printable(l.path),
			Message: "is a shallow clone, so its history cannot be judged", Hint: "run git fetch --unshallow in it",
		}
	}
	return answer, nil
}

// explain turns an error of reading into an [*Error].
func (l *local) explain(err error) error {
	e := &Error{Kind: KindInvalid, Repository: printable(l.path), Message: "cannot be read", Err: err}
	var limit *limitError
	switch {
	case errors.As(err, &limit):
		e.Kind, e.Message, e.Err = KindTooLarge, limit.message, nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Message = KindCanceled, "interrupted"
	case errors.Is(err, plumbing.ErrObjectNotFound):
		// Objects kept in another repository are not followed: the path that
		// names it was not given by whoever runs Dray.
		e.Hint = "clone it without --shared, --reference and --filter"
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Hint = KindUnauthorized, "let the user Dray runs as read it"
	}
	return e
}

// diskStore reads objects of at most max bytes from a repository on disk.
type diskStore struct {
	storer storer.EncodedObjectStorer
	max    int64
}

func (s diskStore) size(h plumbing.Hash) (int64, error) { return s.storer.EncodedObjectSize(h) }

func (s diskStore) read(h plumbing.Hash, typ plumbing.ObjectType) ([]byte, error) {
	o, err := s.storer.EncodedObject(typ, h)
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", h, err)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", h, err)
	}
	defer r.Close()
	if o.Size() > s.max {
		return nil, &limitError{fmt.Sprintf("object %s is larger than the %d bytes allowed", h, s.max)}
	}
	// One byte more than announced shows a lie, as a hash that is not right.
	data, err := io.ReadAll(io.LimitReader(r, o.Size()+1))
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", h, err)
	}
	if plumbing.ComputeHash(typ, data) != h {
		return nil, fmt.Errorf("%w: object %s does not have the content its name says", errDamaged, h)
	}
	return data, nil
}
