package config

// encode appends the value as JSON, with every default filled in. Values in bad, and fields that the type does not have, are left
// out, so that what is right about a resource can be judged further.
func encode(b []byte, n *node, t *typ, bad map[*node]bool) []byte {
	if len(t.alts) > 0 {
		if a := t.choose(n); a != nil && !t.isConst(n) {
			return encode(b, n, a, bad)
		}
	}
	switch {
	case n.kind == objectNode && t.object != nil:
		return encodeObject(b, n, t, bad)
	case n.kind == listNode && !t.any:
		b = append(b, '[')
		first := true
		for i, item := range n.items {
			elem := t.elem
			if i < len(t.prefix) {
				elem = t.prefix[i]
			}
			if bad[item] || elem == nil {
				continue
			}
			b = comma(b, &first)
			b = encode(b, item, elem, bad)
		}
		return append(b, ']')
	}
	return n.appendJSON(b, false)
}

func encodeObject(b []byte, n *node, t *typ, bad map[*node]bool) []byte {
	b = append(b, '{')
	first := true
	for i, k := range n.keys {
		f := t.object.field(k.text)
		if bad[n.items[i]] || (f == nil && !t.object.open) {
			continue
		}
		b = comma(b, &first)
		b = append(appendJSONString(b, k.text), ':')
		if f == nil {
			b = n.items[i].appendJSON(b, false)
		} else {
			b = encode(b, n.items[i], f.typ, bad)
		}
	}
	for _, f := range t.object.fields {
		if f.optional || f.required || f.typ.def == nil || n.key(f.name) != nil {
			continue
		}
		b = comma(b, &first)
		b = append(appendJSONString(b, f.name), ':')
		b = encode(b, f.typ.def, f.typ, nil)
	}
	return append(b, '}')
}

func comma(b []byte, first *bool) []byte {
	if !*first {
		return append(b, ',')
	}
	*first = false
	return b
}
