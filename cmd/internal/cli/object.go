package cli

import (
	"bytes"
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/engine/config"
)

// objectName returns a name for the resource that describes an object of a connection.
func objectName(connection, object string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, connection+"-"+object)
	const longest = 63
	return strings.Trim(name[:min(len(name), longest)], "-")
}

// objectYAML writes an object as a resource, one field a line.
func objectYAML(name string, o config.Object) ([]byte, error) {
	spec := mappingNode()
	add(spec, "connection", o.Connection)
	add(spec, "application", o.Application)
	add(spec, "object", o.Object)
	addList(spec, "key", o.Key)
	addList(spec, "reads", o.Reads)
	if o.Writes != nil {
		spec.Content = append(spec.Content, scalar("writes"), listNode(o.Writes))
	}
	spec.Content = append(spec.Content, scalar("fields"), fieldNodes(o.Fields))
	metadata := mappingNode()
	add(metadata, "name", name)
	metadata.Style = yaml.FlowStyle
	doc := mappingNode()
	add(doc, "apiVersion", "dray/v1")
	add(doc, "kind", "Object")
	doc.Content = append(doc.Content, scalar("metadata"), metadata, scalar("spec"), spec)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

func mappingNode() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

// scalar returns a text, quoted where YAML would take it for something else.
func scalar(text string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(text)
	return n
}

func add(to *yaml.Node, name, value string) {
	if value != "" {
		to.Content = append(to.Content, scalar(name), scalar(value))
	}
}

func addList(to *yaml.Node, name string, values []string) {
	if len(values) > 0 {
		to.Content = append(to.Content, scalar(name), listNode(values))
	}
}

func listNode(values []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, v := range values {
		n.Content = append(n.Content, scalar(v))
	}
	return n
}

func fieldNodes(fields []config.ObjectField) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range fields {
		list.Content = append(list.Content, fieldNode(&fields[i]))
	}
	return list
}

// fieldNode writes a field as it is written in JSON, in the order of its Go type.
func fieldNode(f *config.ObjectField) *yaml.Node {
	bare := *f
	bare.Fields = nil
	n := mappingNode()
	doc, err := json.Marshal(bare)
	if err != nil {
		panic("cli: internal error: encoding a field: " + err.Error())
	}
	var in yaml.Node
	if err := yaml.Unmarshal(doc, &in); err != nil {
		panic("cli: internal error: decoding a field: " + err.Error())
	}
	n.Content = in.Content[0].Content
	for i, v := range n.Content {
		switch {
		case v.Kind == yaml.SequenceNode:
			for j, item := range v.Content {
				v.Content[j] = scalar(item.Value)
			}
		case v.Tag == "!!str":
			n.Content[i] = scalar(v.Value)
		}
	}
	if len(f.Fields) == 0 {
		n.Style = yaml.FlowStyle
		return n
	}
	n.Content = append(n.Content, scalar("fields"), fieldNodes(f.Fields))
	return n
}
