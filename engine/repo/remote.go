package repo

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// remote is a repository behind a git server that speaks smart http.
type remote struct {
	base    *url.URL
	where   string // base as shown
	branch  string
	auth    Auth
	client  *http.Client
	timeout time.Duration
	limits  Limits
}

var _ Source = (*remote)(nil)

func newRemote(opts Options, u *url.URL) (*remote, error) {
	base := *u
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = strings.TrimRight(base.RawPath, "/")
	where := scrub(base.String())
	client, err := newHTTPClient(opts.CABundle)
	if err != nil {
		return nil, &Error{Kind: KindUsage, Repository: where, Message: "reading the CA bundle", Err: err}
	}
	return &remote{
		base:    &base,
		where:   where,
		branch:  opts.Branch,
		auth:    opts.Auth,
		client:  client,
		timeout: cmp.Or(opts.Timeout, defaultTimeout),
		limits:  opts.Limits,
	}, nil
}

// begin bounds a call. Its end drops the connections, so that a source holds
// nothing between calls and needs no closing.
func (r *remote) begin(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	return ctx, func() {
		cancel()
		r.client.CloseIdleConnections()
	}
}

// Head implements [Source] with one request.
func (r *remote) Head(ctx context.Context) (Ref, error) {
	ctx, end := r.begin(ctx)
	defer end()
	adv, err := r.advertise(ctx)
	if err != nil {
		return Ref{}, r.explain(ctx, err)
	}
	found, err := r.find(adv, r.branch)
	if err != nil {
		return Ref{}, err
	}
	return Ref{Name: found.name, Commit: found.commit.String()}, nil
}

// Fetch implements [Source] with two requests.
func (r *remote) Fetch(ctx context.Context, rev string) (*Revision, error) {
	ctx, end := r.begin(ctx)
	defer end()
	adv, err := r.advertise(ctx)
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	found, err := r.locate(adv, rev)
	if err != nil {
		return nil, err
	}
	objects, err := r.request(ctx, adv, found.want, 1, false)
	if err != nil {
		return nil, r.explainCommit(ctx, err, found.want)
	}
	commit, err := peel(objects.packStore, found.want)
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	revision, err := readRevision(ctx, objects, commit, shortName(found.name), r.limits)
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	return revision, nil
}

// found is a name, the object it points at, and the commit that stands for.
// The two differ for an annotated tag.
type found struct {
	name         string
	want, commit plumbing.Hash
}

// locate finds what Fetch was asked for.
func (r *remote) locate(adv *advertisement, rev string) (found, error) {
	if !isHash(rev) {
		return r.find(adv, cmp.Or(rev, r.branch))
	}
	hash := plumbing.NewHash(rev)
	f := found{want: hash, commit: hash}
	// The name is only how the commit was come by, so not finding it is no
	// reason to refuse a commit that was asked for by its hash.
	if followed, err := r.find(adv, r.branch); err == nil {
		f.name = followed.name
	}
	return f, nil
}

// find finds a branch or tag; an empty name is the HEAD of the repository.
func (r *remote) find(adv *advertisement, name string) (found, error) {
	if name == "" || name == "HEAD" {
		name = headName(adv)
	}
	for _, full := range []string{name, branchPrefix + name, tagPrefix + name} {
		want, ok := adv.References[full]
		if !ok || !strings.HasPrefix(full, "refs/") {
			continue
		}
		f := found{name: full, want: want, commit: want}
		if peeled, ok := adv.Peeled[full]; ok {
			f.commit = peeled
		}
		return f, nil
	}
	return found{}, branchNotFound(r.where, name, branches(adv.References))
}

// headName returns the name that HEAD stands for: what the server says, else
// a branch with the same commit, else main.
func headName(adv *advertisement) string {
	for _, symref := range adv.Capabilities.Get(capability.SymRef) {
		if target, ok := strings.CutPrefix(symref, "HEAD:"); ok {
			return target
		}
	}
	if adv.Head != nil {
		names := append([]string{"main", "master"}, branches(adv.References)...)
		for _, name := range names {
			if adv.References[branchPrefix+name] == *adv.Head {
				return branchPrefix + name
			}
		}
	}
	return branchPrefix + "main"
}

// branches returns the short names of the branches, sorted.
func branches(refs map[string]plumbing.Hash) []string {
	var names []string
	for name := range refs {
		if short, ok := strings.CutPrefix(name, branchPrefix); ok {
			names = append(names, short)
		}
	}
	slices.Sort(names)
	return names
}

// maxTagChain bounds tags that point at tags.
const maxTagChain = 8

// peel follows an annotated tag to its commit.
func peel(store packStore, hash plumbing.Hash) (plumbing.Hash, error) {
	for range maxTagChain {
		if store[hash].typ != plumbing.TagObject {
			return hash, nil
		}
		tag := &object.Tag{}
		if err := tag.Decode(memoryObject(plumbing.TagObject, store[hash].data)); err != nil {
			return hash, err
		}
		hash = tag.Target
	}
	return hash, errDamaged
}

// isHash says that rev is a full commit hash.
func isHash(rev string) bool { return len(rev) == 40 && plumbing.IsHash(rev) }
