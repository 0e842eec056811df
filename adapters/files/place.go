package files

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// file is one file as it was when the folder was listed.
type file struct {
	Name string `json:"name"`
	Time int64  `json:"time"` // of its last change
	Size int64  `json:"size"`
}

// list returns the plain files that match: by time and name when byTime, else by name. Files whose names start with a dot
// are left out unless the pattern asks for them: others write there, and so does this package.
func (s *source) list(o *object, byTime bool) ([]file, error) {
	names, err := fs.Glob(s.folder.FS(), o.Pattern)
	if err != nil {
		return nil, err
	}
	var out []file
	for _, name := range names {
		dotted := strings.HasPrefix(path.Base(name), ".") && !strings.HasPrefix(path.Base(o.Pattern), ".")
		if dotted || (o.Archive != "" && strings.HasPrefix(name, o.Archive+"/")) {
			continue
		}
		info, err := s.folder.Stat(name)
		if errors.Is(err, fs.ErrNotExist) { // gone since
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			out = append(out, file{Name: name, Time: changed(info), Size: info.Size()})
		}
	}
	slices.SortFunc(out, func(a, b file) int {
		if c := cmp.Compare(a.Time, b.Time); byTime && c != 0 {
			return c
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out, nil
}

// place is where a read stands. In a read by time all files before Time are done, and at that time those in Done. In a read by name
// all up to Done's last are. Of File, records up to Read are.
type place struct {
	Version int      `json:"v"`
	ByTime  bool     `json:"byTime,omitempty"`
	Time    int64    `json:"time,omitempty"`
	Done    []string `json:"done,omitempty"`
	File    *file    `json:"file,omitempty"`
	Read    int      `json:"read,omitempty"`
}

const placeVersion = 1

func (p place) encode() record.Cursor {
	p.Version = placeVersion
	out, err := json.Marshal(p)
	if err != nil {
		panic("files: internal error: a cursor cannot be encoded")
	}
	return out
}

var errPlace = errors.New("unreadable cursor")

func decodePlace(c record.Cursor, byTime bool) (place, error) {
	var p place
	if err := json.Unmarshal(c, &p); err != nil || p.Version != placeVersion || p.ByTime != byTime || p.Read < 0 {
		return place{}, errPlace
	}
	return p, nil
}

// covers reports whether a file is done.
func (p place) covers(f file) bool {
	if p.ByTime {
		return f.Time < p.Time || (f.Time == p.Time && slices.Contains(p.Done, f.Name))
	}
	return len(p.Done) > 0 && f.Name <= p.Done[0]
}

// skip returns how many records of a file are done, when it is the one that was being read and has not changed since.
func (p place) skip(f file) int {
	if p.File != nil && *p.File == f {
		return p.Read
	}
	return 0
}

// within returns the place behind n records of f.
func (p place) within(f file, n int) place {
	p = p.at(f)
	p.File, p.Read = &f, n
	return p
}

// behind returns the place behind all of f.
func (p place) behind(f file) place {
	p = p.at(f)
	p.File, p.Read = nil, 0
	if p.ByTime {
		p.Done = append(slices.Clone(p.Done), f.Name)
	} else {
		p.Done = []string{f.Name}
	}
	return p
}

// at moves on to the time of f.
func (p place) at(f file) place {
	if p.ByTime && f.Time > p.Time {
		p.Time, p.Done = f.Time, nil
	}
	return p
}
