package record

import (
	"errors"
	"io"
)

// ErrNoList is what [Elements.Next] returns where neither a list nor null is at the path.
var ErrNoList = errors.New("what is at the path of the records is no list")

// Elements reads a list inside a JSON document element by element while the document comes in: no more is held of it than one element. The
// document is judged as by [Scan] as far as it was read, whatever its size. Not safe for concurrent use.
type Elements struct {
	// MaxElement bounds one element, and all that stands around the list together where it is kept, in bytes; 0: [MaxDocument].
	MaxElement int
	// Single says that an object in the list's place is the only element.
	Single bool
	// Keep says that what stands around the list is kept for [Elements.Around].
	Keep bool

	in      io.Reader
	path    Path
	kind    Kind
	begun   bool
	single  bool // the element that comes next is the only one
	done    error
	within  []container
	quiet   bool // what is consumed is not around the list
	around  []byte
	scan    scanner
	buf     []byte
	pos     int   // in buf
	before  int64 // bytes of the document before buf
	ended   bool  // buf holds the end of the document
	refused error // what reading failed with
}

// container is an object or list that the cursor is in.
type container struct {
	end   byte
	some  bool // it has had a member or an element
	names map[string]struct{}
}

// Sizes of what [Elements] holds.
const (
	firstBuffer = 64 << 10
	maxSkipped  = 1 << 20 // what is passed over is held up to here, and looked into beyond
	maxNames    = 1 << 16 // of an object around the list
	maxToken    = 16      // within so many bytes of the end a mistake may be none once more comes in
)

// NewElements reads the list at a path of the document that in holds.
func NewElements(in io.Reader, path Path) *Elements { return &Elements{in: in, path: path} }

// Kind returns what is at the path, once Next was called: List, Object, Null, or Absent when nothing is there.
func (e *Elements) Kind() Kind { return e.kind }

// Offset returns how many bytes of the document are done with.
func (e *Elements) Offset() int64 { return e.before + int64(e.pos) }

// Around returns the document without the elements, complete once Next has returned [io.EOF]. It needs Keep.
func (e *Elements) Around() []byte { return e.around }

// Next returns the next element, valid until the next call. After the last, and after the rest of the document was judged, its error is [io.EOF].
// A mistake in the document is a [*ScanError], whose offset is that in the document; what is no list is [ErrNoList]; else the error is the reader's. It
// stays the same from then on.
func (e *Elements) Next() ([]byte, error) {
	if e.done != nil {
		return nil, e.done
	}
	element, err := e.next()
	if err != nil {
		e.done = err
	}
	return element, err
}

func (e *Elements) next() ([]byte, error) {
	if !e.begun {
		e.begun = true
		if e.MaxElement == 0 {
			e.MaxElement = MaxDocument
		}
		if err := e.descend(); err != nil {
			return nil, err
		}
	}
	if e.single {
		e.single = false
		e.keep([]byte("{}"))
		return e.element()
	}
	if e.kind == List {
		_, more, err := e.step()
		if err != nil {
			return nil, err
		}
		if more {
			return e.element()
		}
	}
	return nil, e.ascend()
}

// element returns the value at the cursor.
func (e *Elements) element() ([]byte, error) {
	n, err := e.value(e.MaxElement)
	if err != nil {
		return nil, err
	}
	from := e.pos
	e.pos += n
	return e.buf[from:e.pos:e.pos], nil
}

// descend goes to the first element.
func (e *Elements) descend() error {
	b, err := e.peek()
	if err != nil || b == 0 && len(e.path) == 0 {
		return err
	}
	for i := range e.path {
		found, err := e.seek(&e.path[i], b)
		if err != nil || !found {
			return err
		}
		if b, err = e.peek(); err != nil {
			return err
		}
	}
	switch {
	case b == '[':
		e.kind = List
		if err := e.enter(']'); err != nil {
			return err
		}
		e.quiet = true
		return nil
	case b == '{' && e.Single:
		e.kind, e.single = Object, true
		return nil
	case b == 'n':
		e.kind = Null
		return e.skip()
	case b == 0:
		return e.mistake(0, BadEnd)
	}
	return ErrNoList
}

// seek enters the value at the cursor, which starts with b, up to one of its members or elements. Where there is none it passes over the
// value and reports false.
func (e *Elements) seek(to *Step, b byte) (bool, error) {
	end := byte('}')
	if to.IsIndex() {
		end = ']'
	}
	if (end == '}') != (b == '{') || (end == ']') != (b == '[') {
		return false, e.skip()
	}
	if err := e.enter(end); err != nil {
		return false, err
	}
	for i := 0; ; i++ {
		name, more, err := e.step()
		switch {
		case err != nil || !more:
			return false, err
		case to.IsIndex() && i == to.Index, !to.IsIndex() && name == to.Name:
			return true, nil
		}
		if err := e.skip(); err != nil {
			return false, err
		}
	}
}

// ascend judges what is left of the document. Its error is [io.EOF] where all is well.
func (e *Elements) ascend() error {
	if err := e.leave(0); err != nil {
		return err
	}
	b, err := e.peek()
	switch {
	case err != nil:
		return err
	case b != 0:
		return e.mistake(0, BadTrailing)
	}
	return io.EOF
}

// leave passes over what is left of the objects and lists that the cursor is in, but for so many of the outermost.
func (e *Elements) leave(outer int) error {
	for len(e.within) > outer {
		_, more, err := e.step()
		if err == nil && more {
			err = e.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enter steps into the object or list at the cursor.
func (e *Elements) enter(end byte) error {
	if len(e.within) == MaxDepth {
		return e.mistake(0, BadDepth)
	}
	e.within = append(e.within, container{end: end})
	return e.consume(1)
}

// step moves to the next member or element of the innermost object or list, and returns a member's name. It reports false behind the last one, where
// it leaves the object or list.
func (e *Elements) step() (name string, more bool, err error) {
	c := &e.within[len(e.within)-1]
	b, err := e.peek()
	if err != nil {
		return "", false, err
	}
	switch {
	case b == c.end:
		e.quiet = false // where it was the list of the elements, it is over
		e.within = e.within[:len(e.within)-1]
		return "", false, e.consume(1)
	case !c.some:
		c.some = true
	case b != ',':
		return "", false, e.mistake(0, BadSyntax)
	default:
		if err := e.consume(1); err != nil {
			return "", false, err
		}
		if b, err = e.peek(); err != nil {
			return "", false, err
		}
	}
	if c.end == ']' {
		return "", true, nil
	}
	if b != '"' {
		return "", false, e.mistake(0, BadSyntax)
	}
	name, err = e.name(c)
	return name, err == nil, err
}

// name reads a member's name and moves to its value.
func (e *Elements) name(c *container) (string, error) {
	n, err := e.value(e.MaxElement)
	if err != nil {
		return "", err
	}
	raw := view(e.buf[e.pos+1 : e.pos+n-1])
	name := string(unescape(nil, raw))
	if _, twice := c.names[name]; twice {
		return "", e.mistake(0, BadKey)
	}
	if c.names == nil {
		c.names = map[string]struct{}{}
	}
	if len(c.names) == maxNames {
		return "", e.mistake(0, BadSize)
	}
	c.names[name] = struct{}{}
	if err := e.consume(n); err != nil {
		return "", err
	}
	b, err := e.peek()
	switch {
	case err != nil:
		return "", err
	case b != ':':
		return "", e.mistake(0, BadSyntax)
	}
	if err := e.consume(1); err != nil {
		return "", err
	}
	_, err = e.peek()
	return name, err
}

// skip passes over the value at the cursor.
func (e *Elements) skip() error {
	n, err := e.value(min(maxSkipped, e.MaxElement))
	if err == nil {
		return e.consume(n)
	}
	if scan, ok := errors.AsType[*ScanError](err); !ok || scan.What != BadSize {
		return err
	}
	end := byte('}')
	switch e.buf[e.pos] {
	case '[':
		end = ']'
	case '{':
	default:
		return err
	}
	if err := e.enter(end); err != nil {
		return err
	}
	return e.leave(len(e.within) - 1)
}

// value judges the value at the cursor, reading on as long as it goes on, and returns its length.
func (e *Elements) value(most int) (int, error) {
	for {
		text := view(e.buf[e.pos:])
		e.scan.start(text)
		e.scan.depth = len(e.within)
		ok := e.scan.skip()
		length, bad := e.scan.pos, e.scan.err
		switch {
		case ok && length > most, !ok && bad.Offset > most:
			return 0, e.mistake(0, BadSize)
		case ok && (length < len(text) || e.ended): // the end of what is here could be in the middle of a number
			return length, nil
		case !ok && (e.ended || bad.What != BadEnd && bad.Offset < len(text)-maxToken):
			return 0, e.mistake(bad.Offset, bad.What)
		}
		for want := len(text); ; { // what is long is judged anew only once twice as much of it is here
			if err := e.more(); err != nil {
				return 0, err
			}
			if here := len(e.buf) - e.pos; e.ended || here < firstBuffer || here >= 2*want {
				break
			}
		}
	}
}

// peek passes over blanks and returns the byte at the cursor, 0 at the end of the document.
func (e *Elements) peek() (byte, error) {
	for {
		for i := e.pos; i < len(e.buf); i++ {
			switch b := e.buf[i]; b {
			case ' ', '\n', '\r', '\t':
			case 0:
				e.pos = i
				return 0, e.mistake(0, BadSyntax)
			default:
				e.pos = i
				return b, nil
			}
		}
		e.pos = len(e.buf)
		if e.ended {
			return 0, nil
		}
		if err := e.more(); err != nil {
			return 0, err
		}
	}
}

// consume moves on by n bytes.
func (e *Elements) consume(n int) error {
	e.keep(e.buf[e.pos : e.pos+n])
	e.pos += n
	if len(e.around) > e.MaxElement {
		return e.mistake(0, BadSize)
	}
	return nil
}

func (e *Elements) keep(text []byte) {
	if e.Keep && !e.quiet {
		e.around = append(e.around, text...)
	}
}

// more reads on, over what is done with.
func (e *Elements) more() error {
	if e.refused != nil {
		return e.refused
	}
	if len(e.buf) == cap(e.buf) {
		e.makeRoom()
	}
	for range 100 { // as often as nothing comes before it is a fault of the reader
		n, err := e.in.Read(e.buf[len(e.buf):cap(e.buf)])
		e.buf = e.buf[:len(e.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			e.ended = true
			return nil
		case err != nil:
			e.refused = err
			if n > 0 {
				return nil
			}
			return err
		case n > 0:
			return nil
		}
	}
	return io.ErrNoProgress
}

// makeRoom moves what is not done with to the start of the buffer, and into a larger one where it fills more than half of it.
func (e *Elements) makeRoom() {
	rest := e.buf[e.pos:]
	to := e.buf[:0]
	if 2*len(rest) >= cap(e.buf) {
		to = make([]byte, 0, max(2*cap(e.buf), firstBuffer))
	}
	e.before += int64(e.pos)
	e.buf, e.pos = append(to, rest...), 0
}

// mistake is a mistake in the document, so many bytes from the cursor on.
func (e *Elements) mistake(after int, what string) error {
	if what == BadSyntax && e.ended && e.pos+after >= len(e.buf) {
		what = BadEnd
	}
	return &ScanError{Offset: int(e.Offset()) + after, What: what}
}
