package files

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// jsonRecords reads the elements of a list inside one document, element by element. A single object in the list's place is one record; an
// empty file has none.
type jsonRecords struct {
	elements *record.Elements
	path     record.Path
	strict   bool
	n        int
}

var errNoList = atRecord(1, "is not there: no list where the path of the records leads")

func newJSONRecords(in io.Reader, path record.Path, strict bool) *jsonRecords {
	e := record.NewElements(in, path)
	e.MaxElement, e.Single = maxRecord, true
	return &jsonRecords{elements: e, path: path, strict: strict}
}

func (*jsonRecords) shape() *record.Shape { return nil }

func (j *jsonRecords) next(b *record.Batch) error {
	doc, err := j.elements.Next()
	switch kind := j.elements.Kind(); {
	case errors.Is(err, io.EOF) && kind != record.List && kind != record.Object && !j.empty():
		return errNoList
	case errors.Is(err, io.EOF):
		return err
	case err != nil:
		return j.wrong(err)
	}
	j.n++
	if doc[0] != '{' {
		return atRecord(j.n, "is not a JSON object")
	}
	if j.strict && strings.ContainsRune(string(doc), '\uFFFD') {
		return atRecord(j.n, "has characters that are not in the file's encoding")
	}
	b.AppendDoc(doc)
	return nil
}

// empty reports whether there is nothing in the file but blanks.
func (j *jsonRecords) empty() bool { return len(j.path) == 0 && j.elements.Kind() == record.Absent }

// wrong names the place of a mistake, and not its content.
func (j *jsonRecords) wrong(err error) error {
	if errors.Is(err, record.ErrNoList) {
		return errNoList
	}
	bad, ok := errors.AsType[*record.ScanError](err)
	switch {
	case !ok:
		return err
	case bad.What == record.BadSize:
		return atRecord(j.n+1, "is longer than 16 MiB")
	case bad.What == record.BadTrailing:
		return atRecord(j.n+1, "is followed by something that does not belong to the list")
	}
	return atRecord(j.n+1, fmt.Sprintf("is not a JSON record, at byte %d of the file: %s", bad.Offset, bad.What))
}
