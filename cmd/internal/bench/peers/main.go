// Command peers only parses: it reads JSON Lines from standard input with the parser that its argument names, line by line, and keeps nothing.
// It is a module of its own, so that none of them is among Dray's dependencies.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bytedance/sonic"
	"github.com/goccy/go-json"
	"github.com/minio/simdjson-go"
	"github.com/valyala/fastjson"
)

// parsers are the parsers by name: each returns what parses one document.
var parsers = map[string]func() func([]byte) error{
	"fastjson": func() func([]byte) error {
		var p fastjson.Parser
		return func(doc []byte) error {
			_, err := p.ParseBytes(doc)
			return err
		}
	},
	"simdjson-go": func() func([]byte) error {
		var reused *simdjson.ParsedJson
		return func(doc []byte) (err error) {
			reused, err = simdjson.Parse(doc, reused)
			return err
		}
	},
	"sonic": func() func([]byte) error {
		return func(doc []byte) error {
			root, err := sonic.Get(doc)
			if err != nil {
				return err
			}
			return root.LoadAll()
		}
	},
	"goccy": func() func([]byte) error {
		return func(doc []byte) error {
			var v any
			return json.Unmarshal(doc, &v)
		}
	},
}

func main() {
	if err := run(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(in io.Reader) error {
	if len(os.Args) != 2 || parsers[os.Args[1]] == nil {
		return errors.New("name a parser: fastjson, simdjson-go, sonic or goccy")
	}
	parse := parsers[os.Args[1]]()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 256<<10), 1<<20)
	for lines.Scan() {
		if err := parse(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}
