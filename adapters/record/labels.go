package record

// Labels are the names of members that many objects have, ready to be written. They are immutable and safe for concurrent use.
type Labels struct {
	names []string
	texts []string // as they stand in JSON behind another member: ,"name":
}

// NewLabels returns the labels of members with these names, in order, none of which is there twice. It keeps the slice.
func NewLabels(names []string) *Labels {
	l := &Labels{names: names, texts: make([]string, len(names))}
	for i, name := range names {
		l.texts[i] = "," + string(AppendJSONString(nil, name)) + ":"
	}
	return l
}

// Append appends the name of member i and a colon, behind a comma unless it is the first.
func (l *Labels) Append(dst []byte, i int, first bool) []byte {
	if first {
		return append(dst, l.texts[i][1:]...)
	}
	return append(dst, l.texts[i]...)
}

// appendJSON appends an object with these members, those that are absent left out.
func (l *Labels) appendJSON(dst []byte, values []Value) []byte {
	dst = append(dst, '{')
	from := len(dst)
	for i := range values {
		if values[i].kind != Absent {
			dst = values[i].AppendJSON(l.Append(dst, i, len(dst) == from))
		}
	}
	return append(dst, '}')
}
