package record

// ParseJSON reads a document under the rules of [Scan] into lists, objects and scalars: nothing in it is Raw. The value
// keeps a copy of the text. Errors are [*ScanError].
func ParseJSON(json []byte) (Value, error) {
	var p parser
	p.start(string(json))
	return p.document()
}

// ParseText is [ParseJSON] of a string, of which the value keeps parts.
func ParseText(json string) (Value, error) {
	var p parser
	p.start(json)
	return p.document()
}

// parser builds values in the scanner's arena.
type parser struct {
	scanner
	values []Value  // members and elements of what is being read
	names  []string // names of members of what is being read
}

func (p *parser) document() (v Value, err error) {
	err = p.whole(func() (ok bool) {
		v, ok = p.tree()
		return ok
	})
	if err != nil {
		return Value{}, err
	}
	return v, nil
}

// scalar reads a value that is neither list nor object.
func (p *parser) scalar() (Value, bool) {
	switch p.peek() {
	case '"':
		s, ok := p.text()
		return StringValue(s), ok
	case 't', 'f', 'n':
		return p.word()
	default:
		return p.numberValue()
	}
}

func (s *scanner) numberValue() (Value, bool) {
	if n, ok := s.shortInt(); ok {
		return IntValue(n), true
	}
	at := s.pos
	text, ok := s.number()
	if !ok {
		return Value{}, false
	}
	v, err := ParseNumber(text)
	if err != nil {
		return Value{}, s.fail(at, BadNumber)
	}
	return v, true
}

// shortInt scans an integer of up to 18 digits. Where it reports false there is something else, and it has not moved.
func (s *scanner) shortInt() (n int64, ok bool) {
	i := s.pos
	negative := i < len(s.src) && s.src[i] == '-'
	if negative {
		i++
	}
	from := i
	for i < len(s.src) && s.src[i]-'0' <= 9 {
		n = n*10 + int64(s.src[i]-'0') // an overflow is of too many digits
		i++
	}
	digits := i - from
	switch {
	case digits == 0, digits > 18, digits > 1 && s.src[from] == '0':
		return 0, false
	case i < len(s.src) && (s.src[i] == '.' || s.src[i]|0x20 == 'e'):
		return 0, false
	}
	if negative {
		n = -n
	}
	s.pos = i
	return n, true
}

// tree reads the value at the cursor whole.
func (p *parser) tree() (Value, bool) {
	switch p.peek() {
	case '{':
		return p.objectTree()
	case '[':
		return p.listTree()
	default:
		return p.scalar()
	}
}

func (p *parser) objectTree() (Value, bool) {
	if !p.enter() {
		return Value{}, false
	}
	f := p.keys.open()
	fromValue, fromName := len(p.values), len(p.names)
	for more := p.first('}'); more; more = p.next('}') {
		name, ok := p.key(&f)
		if !ok {
			return Value{}, false
		}
		v, ok := p.tree()
		if !ok {
			return Value{}, false
		}
		p.names, p.values = append(p.names, name), append(p.values, v)
	}
	p.keys.close(&f)
	p.depth--
	v := p.arena.Object(p.arena.CopyNames(p.names[fromName:]), p.arena.Copy(p.values[fromValue:]))
	p.names, p.values = p.names[:fromName], p.values[:fromValue]
	return v, p.err == nil
}

func (p *parser) listTree() (Value, bool) {
	if !p.enter() {
		return Value{}, false
	}
	from := len(p.values)
	for more := p.first(']'); more; more = p.next(']') {
		v, ok := p.tree()
		if !ok {
			return Value{}, false
		}
		p.values = append(p.values, v)
	}
	p.depth--
	v := p.arena.List(p.arena.Copy(p.values[from:]))
	p.values = p.values[:from]
	return v, p.err == nil
}

// restart prepares for another document, whose values replace those before.
func (p *parser) restart() {
	p.arena.Reset()
	p.values, p.names = p.values[:0], p.names[:0]
}
