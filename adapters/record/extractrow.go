package record

// Row extracts from a row as if it were an object with a member for each column. Values of kind Raw must be valid.
func (x *Extractor) Row(shape *Shape, row []Value) ([]Value, error) {
	frame := x.arena.Values(x.slots.Len())
	x.values, x.names = x.values[:0], x.names[:0]
	x.start("")
	n := x.slots.root
	x.bind(shape, n)
	for i := range n.children {
		if c := x.columns[i]; c >= 0 && !x.from(n.children[i].node, row[c], frame) {
			return nil, x.err
		}
	}
	if n.slot >= 0 {
		frame[n.slot] = x.arena.Object(shape.Names(), row)
	}
	if n.each != nil {
		frame[n.eachSlot] = emptyObject
	}
	return frame, nil
}

// bind looks up the columns of a shape once.
func (x *Extractor) bind(shape *Shape, n *node) {
	if x.shape == shape {
		return
	}
	x.shape, x.columns = shape, x.columns[:0]
	for i := range n.children {
		x.columns = append(x.columns, shape.Column(n.children[i].name))
	}
}

// from extracts what is wanted of a value that has been read already.
func (x *Extractor) from(n *node, v Value, frame []Value) bool {
	switch v.kind {
	case Absent:
		return true
	case Raw:
		return x.inside(n, v.text(), frame)
	case Object:
		for i := range n.children {
			if !x.from(n.children[i].node, v.Get(n.children[i].name), frame) {
				return false
			}
		}
	case List:
		if !x.fromList(n, v.box().values, frame) {
			return false
		}
	}
	if n.slot >= 0 {
		frame[n.slot] = v
	}
	switch {
	case n.each == nil || v.kind == List:
	case v.kind == Object:
		frame[n.eachSlot] = emptyObject
	default:
		frame[n.eachSlot] = v
	}
	return true
}

func (x *Extractor) fromList(n *node, list []Value, frame []Value) bool {
	for i := range n.elements {
		if at := n.elements[i].index; at < len(list) && !x.from(n.elements[i].node, list[at], frame) {
			return false
		}
	}
	if n.each == nil {
		return true
	}
	objects := x.arena.Values(len(list))
	for i := range list {
		values := x.arena.Values(n.each.Len())
		if !x.from(n.each.root, list[i], values) {
			return false
		}
		objects[i] = x.arena.Object(n.each.names, values)
	}
	frame[n.eachSlot] = x.arena.List(objects)
	return true
}

// inside extracts from a Raw value within a row.
func (x *Extractor) inside(n *node, json string, frame []Value) bool {
	src, pos, depth := x.src, x.pos, x.depth
	x.src, x.pos, x.depth = json, 0, 0
	ok := x.whole(func() bool { return x.value(n, frame) }) == nil
	x.src, x.pos, x.depth = src, pos, depth
	return ok
}
