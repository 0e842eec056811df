package record

// Slots is a set of paths to extract from records in one pass, each with a number. [Slots.Each] nests: the elements of a list have
// slots of their own. Once the first extractor is made the set must not grow any more, and is safe for concurrent use.
type Slots struct {
	top   *Slots // the set that everything hangs from
	root  *node
	names []string
	nodes int // top only: how many nodes there are, in all nested sets
}

// node is a place in a record that a path leads to or through.
type node struct {
	id       int
	slot     int  // -1: only passed through
	tree     bool // the slot wants the value whole and looked into, never Raw
	children []child
	elements []element
	each     *Slots
	eachSlot int
}

type child struct {
	name string
	node *node
}

type element struct {
	index int
	node  *node
}

// NewSlots returns an empty set.
func NewSlots() *Slots {
	s := &Slots{}
	s.top = s
	s.root = s.newNode()
	return s
}

func (s *Slots) newNode() *node {
	s.top.nodes++
	return &node{id: s.top.nodes - 1, slot: -1}
}

// Len returns the number of slots of this set, without those of nested sets.
func (s *Slots) Len() int { return len(s.names) }

// Add returns the number of the slot for a path, which starts at the record, or at the element for a nested set; an empty path is the
// whole of it. With tree the value is never Raw. A path through what is no object (or no list) leads to an absent value.
func (s *Slots) Add(p Path, tree bool) int {
	n := s.at(p)
	if n.slot < 0 {
		n.slot = s.slot(p)
	}
	n.tree = n.tree || tree
	return n.slot
}

// Each returns the slots of the elements of the list at a path, and the number of the slot, in this set, that holds the list:
// a List of Objects, one for each element, whose values are its slots. What is at the path and no list is in the slot as it is; an object is an
// empty Object then.
func (s *Slots) Each(p Path) (slot int, elements *Slots) {
	n := s.at(p)
	if n.each == nil {
		n.each = &Slots{top: s.top}
		n.each.root = n.each.newNode()
		n.eachSlot = s.slot(p)
	}
	return n.eachSlot, n.each
}

func (s *Slots) slot(p Path) int {
	s.names = append(s.names, p.String())
	return len(s.names) - 1
}

// at returns the node at a path, made where it is missing.
func (s *Slots) at(p Path) *node {
	n := s.root
	for _, step := range p {
		if step.IsIndex() {
			n = s.element(n, step.Index)
		} else {
			n = s.child(n, step.Name)
		}
	}
	return n
}

func (s *Slots) child(n *node, name string) *node {
	if c := n.child(name); c != nil {
		return c
	}
	c := s.newNode()
	n.children = append(n.children, child{name, c})
	return c
}

func (s *Slots) element(n *node, index int) *node {
	if e := n.element(index); e != nil {
		return e
	}
	e := s.newNode()
	n.elements = append(n.elements, element{index, e})
	return e
}

func (n *node) child(name string) *node {
	for i := range n.children {
		if n.children[i].name == name {
			return n.children[i].node
		}
	}
	return nil
}

func (n *node) element(index int) *node {
	for i := range n.elements {
		if n.elements[i].index == index {
			return n.elements[i].node
		}
	}
	return nil
}
