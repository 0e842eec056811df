package rest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A pager knows which request comes next. It only moves on once an answer was taken, so that a request that failed can be sent again.
type pager struct {
	plan  *readPlan
	first *url.URL
	query map[string]string

	number int    // page or offset
	token  string // of the next page; empty on the first
	link   *url.URL
	pages  int
	got    int // records so far
	ended  bool
	seen   map[[sha256.Size]byte]struct{}
}

// newPager returns a pager of the list at first, which is asked for with these parameters.
func newPager(plan *readPlan, first *url.URL, query map[string]string) *pager {
	return &pager{plan: plan, first: first, query: query, number: *plan.paging.Start, seen: map[[sha256.Size]byte]struct{}{}}
}

// from returns a pager of the same list with other parameters, as if it were the next page of this one.
func (p *pager) from(query map[string]string) *pager {
	next := newPager(p.plan, p.first, query)
	next.pages = p.pages
	return next
}

// counts reports whether pages are asked for by their place in the list, so that they shift when the list changes.
func (p *pager) counts() bool { return p.plan.paging.Kind == "page" || p.plan.paging.Kind == "offset" }

// url returns the URL of the next request.
func (p *pager) url() *url.URL {
	if p.link != nil {
		return p.link
	}
	d := p.plan.paging
	q := url.Values{}
	if p.token == "" || !d.Only {
		for k, v := range p.query {
			q.Set(k, v)
		}
	}
	if d.SizeParam != "" {
		q.Set(d.SizeParam, strconv.Itoa(d.Size))
	}
	switch d.Kind {
	case "page", "offset":
		q.Set(d.Param, strconv.Itoa(p.number))
	case "cursor":
		if p.token != "" {
			q.Set(d.Param, p.token)
		}
	}
	u := *p.first
	u.RawQuery = q.Encode()
	return &u
}

// advance takes the answer to the last request and decides whether there is another. Its errors are mistakes of the other side or of the declaration.
func (p *pager) advance(a answer, records [][]byte) error {
	p.pages++
	p.got += len(records)
	if p.plan.paging.Kind == "none" || a.body == nil {
		p.ended = true
		return nil
	}
	if err := p.guard(a, records); err != nil {
		return err
	}
	d := p.plan.paging
	var err error
	switch d.Kind {
	case "page", "offset":
		p.ended = len(records) == 0 || d.Stop == "short" && len(records) < d.Size || p.complete(a)
		if p.number++; d.Kind == "offset" {
			p.number += len(records) - 1
		}
	case "cursor":
		err = p.nextToken(a)
	case "nextLink":
		err = p.nextLink(a)
	}
	if err == nil && !p.ended && p.pages >= d.MaxPages {
		err = fmt.Errorf("more than %d pages", d.MaxPages)
	}
	return err
}

// guard complains about a page that came before: an API that repeats its last page would be read for ever.
func (p *pager) guard(a answer, records [][]byte) error {
	h := sha256.New()
	if p.counts() {
		if len(records) == 0 {
			return nil
		}
		for _, r := range records {
			write(h, r)
		}
	} else {
		write(h, a.body)
		write(h, []byte(a.header.Get("Link")))
	}
	sum := [sha256.Size]byte(h.Sum(nil))
	if _, again := p.seen[sum]; again {
		return errors.New("pager repeats page")
	}
	p.seen[sum] = struct{}{}
	return nil
}

func write(h hash.Hash, b []byte) {
	_, _ = h.Write(b) // a hash never fails
	_, _ = h.Write([]byte{0})
}

// complete reports whether all records came, where the answer tells how many there are.
func (p *pager) complete(a answer) bool {
	if p.plan.total == nil {
		return false
	}
	raw, ok := find(a.body, p.plan.total)
	if !ok {
		return false
	}
	s, _ := text(raw)
	total, err := strconv.Atoi(s)
	return err == nil && p.got >= total
}

func (p *pager) nextToken(a answer) error {
	if p.plan.more != nil {
		raw, ok := find(a.body, p.plan.more)
		if !ok || string(raw) != "true" {
			p.ended = true
			return nil
		}
	}
	raw, ok := find(a.body, p.plan.next)
	token := ""
	if ok {
		token, _ = text(raw)
	}
	switch {
	case token == "" && p.plan.more != nil:
		return errors.New("the answer says that there is more, but has no token for it")
	case token == "":
		p.ended = true
	case token == p.token:
		return errors.New("pager repeats page")
	}
	p.token = token
	return nil
}

func (p *pager) nextLink(a answer) error {
	link := linkHeader(a.header)
	if p.plan.next != nil {
		link = ""
		if raw, ok := find(a.body, p.plan.next); ok {
			link, _ = text(raw)
		}
	}
	if link == "" {
		p.ended = true
		return nil
	}
	u, err := p.url().Parse(link)
	if err != nil {
		return errors.New("the link to the next page is no URL")
	}
	if u.Scheme != p.first.Scheme || u.Host != p.first.Host || u.User != nil {
		return errors.New("the link to the next page leads to another host")
	}
	p.link = u
	return nil
}

// linkHeader returns the target of rel="next" in the header Link of RFC 8288.
func linkHeader(h http.Header) string {
	for _, line := range h.Values("Link") {
		for line != "" {
			_, rest, ok := strings.Cut(line, "<")
			if !ok {
				break
			}
			target, params, ok := strings.Cut(rest, ">")
			if !ok {
				break
			}
			end := strings.Index(params, ",")
			if at := strings.Index(params, "<"); at >= 0 && end > at {
				end = at
			}
			line = ""
			if end >= 0 {
				params, line = params[:end], params[end+1:]
			}
			for param := range strings.SplitSeq(params, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
				if strings.EqualFold(strings.TrimSpace(name), "rel") && isNext(value) {
					return target
				}
			}
		}
	}
	return ""
}

func isNext(value string) bool {
	for rel := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
		if strings.EqualFold(rel, "next") {
			return true
		}
	}
	return false
}
