package rest

// passes bounds how often a stretch is read.
const passes = 4

// A stretch is what of a sorted list is asked for from one time on. Where records of one moment fill several pages, only their numbers tell the pages
// apart, and records that change or go meanwhile shift what is behind them into pages that were read already. Such a stretch is read again until
// a pass brings nothing new; no checkpoint falls before.
type stretch struct {
	query map[string]string
	pages int  // that were read of it in this pass; 0: it begins
	news  bool // this pass has brought something new
	pass  int
	open  bool // something of it may be missing still
}

// turn decides what is asked for after a page: the rest of the stretch, all of it again, or what is behind it.
func (r *reader) turn(news bool) {
	s := &r.stretch
	s.pages++
	s.news = s.news || news
	since, asked, further := r.tracker.further()
	s.open = true
	if !further && !r.pager.ended {
		return
	}
	if s.pages > 1 && s.news && s.pass+1 < passes {
		read := s.pages
		*s = stretch{query: s.query, pass: s.pass + 1, open: true}
		r.tracker.askedFrom(r.tracker.asked)
		r.pager = r.pager.from(s.query)
		r.pager.pages -= read
		return
	}
	s.open = false
	if r.pager.ended {
		return
	}
	*s = stretch{query: r.object.read.queryOf(since, r.filter)}
	r.tracker.askedFrom(asked)
	r.pager = r.pager.from(s.query)
}
