package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
)

const (
	infoRefs   = "/info/refs"
	uploadPack = "git-upload-pack"
)

var (
	// errEmpty marks a repository without a commit.
	errEmpty = errors.New("no commit yet")
	// errNotGit marks an answer that is not git's.
	errNotGit = errors.New("the answer is not that of a git server")
	// errRefused marks a git server that refuses what was asked of it.
	errRefused = errors.New("the git server refused the request")
)

// advertisement is what a git server says of itself before anything is asked.
type advertisement struct {
	*packp.AdvRefs
	base *url.URL // where the repository is, after redirects
}

// advertise asks for the branches.
func (r *remote) advertise(ctx context.Context) (*advertisement, error) {
	ask := r.base.String() + infoRefs + "?service=" + uploadPack
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ask, nil)
	if err != nil {
		return nil, err
	}
	body, final, err := r.send(ctx, req, maxAdvertisedBytes)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	path, ok := strings.CutSuffix(final.Path, infoRefs)
	if !ok {
		return nil, errRedirect
	}
	refs := packp.NewAdvRefs()
	if err := refs.Decode(body); err != nil {
		return nil, decodeError(err)
	}
	if len(refs.References) == 0 {
		return nil, errEmpty
	}
	return &advertisement{AdvRefs: refs, base: &url.URL{Scheme: final.Scheme, Host: final.Host, Path: path}}, nil
}

// decodeError names what is wrong with an advertisement.
func decodeError(err error) error {
	var limit *limitError
	switch {
	case errors.Is(err, packp.ErrEmptyAdvRefs):
		return errEmpty
	case errors.As(err, &limit), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return errNotGit
}

// pack is the objects a server sent, and where its history was cut.
type pack struct {
	packStore
	shallow map[plumbing.Hash]bool
}

// request asks for a commit and depth commits of its history, all of it where
// depth is 0. Where commitsOnly is set and the server can, no files are sent.
func (r *remote) request(ctx context.Context, adv *advertisement, want plumbing.Hash, depth int, commitsOnly bool) (*pack, error) {
	ask := packp.NewUploadPackRequest()
	ask.Wants = []plumbing.Hash{want}
	if adv.Capabilities.Supports(capability.Shallow) {
		ask.Depth = packp.DepthCommits(depth) // else all of the history comes
	}
	if err := setCapabilities(ask.Capabilities, adv.Capabilities); err != nil {
		return nil, err
	}
	if commitsOnly && adv.Capabilities.Supports(capability.Filter) {
		if err := ask.Capabilities.Set(capability.Filter); err != nil {
			return nil, err
		}
		ask.Filter = packp.FilterTreeDepth(0)
	}
	var content bytes.Buffer
	if err := ask.UploadRequest.Encode(&content); err != nil {
		return nil, err
	}
	if err := pktline.NewEncoder(&content).EncodeString("done\n"); err != nil {
		return nil, err
	}
	return r.exchange(ctx, adv, ask, &content)
}

// setCapabilities asks for what the server can and the unpacker understands.
// Thin packs are left out: there is nothing here they could build on. Detailed
// acknowledgements are asked for because some servers insist; since nothing is
// ever had, none come.
func setCapabilities(ask, offered *capability.List) error {
	for _, c := range []capability.Capability{
		capability.MultiACKDetailed, capability.Sideband64k, capability.OFSDelta, capability.NoProgress, capability.Shallow,
	} {
		if !offered.Supports(c) {
			continue
		}
		if err := ask.Set(c); err != nil {
			return err
		}
	}
	return nil
}

// exchange sends the request and reads the pack.
func (r *remote) exchange(ctx context.Context, adv *advertisement, ask *packp.UploadPackRequest, content io.Reader) (*pack, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, adv.base.String()+"/"+uploadPack, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	req.Header.Set("Accept", "application/x-git-upload-pack-result")
	body, _, err := r.send(ctx, req, r.limits.PackBytes)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	buffered := bufio.NewReader(body)
	// The first line of an answer is four digits of length and the text.
	if head, err := buffered.Peek(8); err == nil && bytes.Equal(head[4:], []byte("ERR ")) {
		return nil, errRefused
	}
	answer := packp.NewUploadPackResponse(ask)
	if err := answer.Decode(struct {
		io.Reader
		io.Closer
	}{buffered, body}); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	var in io.Reader = answer
	if ask.Capabilities.Supports(capability.Sideband64k) {
		in = sideband.NewDemuxer(sideband.Sideband64k, answer)
	}
	store, err := unpack(ctx, in, r.limits)
	if err != nil {
		return nil, err
	}
	p := &pack{packStore: store, shallow: map[plumbing.Hash]bool{}}
	for _, h := range answer.Shallows {
		p.shallow[h] = true
	}
	return p, nil
}
