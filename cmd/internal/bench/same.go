package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"strconv"
	"strings"
)

// sampled is how many lines of two outputs are compared.
const sampled = 500

// sameLines reports where the first lines of two files of JSON Lines differ. Numbers are compared as decimals whether they are written as
// numbers or as text, except that an integer beyond 2^53 may be rounded to a double in the second: jq before 1.7 has no other numbers. Some
// fields may be passed over.
func sameLines(a, b string, n int, but ...string) (err error) {
	x, errX := os.Open(a)
	y, errY := os.Open(b)
	if err := errors.Join(errX, errY); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close(), y.Close()) }()
	left, right := bufio.NewReader(x), bufio.NewReader(y)
	for i := range min(n, sampled) {
		p, errX := left.ReadString('\n')
		q, errY := right.ReadString('\n')
		if err := errors.Join(errX, errY); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		if err := same(p, q, but...); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

func same(a, b string, but ...string) error {
	var x, y map[string]any
	for _, side := range []struct {
		text string
		into *map[string]any
	}{{a, &x}, {b, &y}} {
		d := json.NewDecoder(strings.NewReader(side.text))
		d.UseNumber()
		if err := d.Decode(side.into); err != nil {
			return err
		}
		for _, name := range but {
			delete(*side.into, name)
		}
	}
	if len(x) != len(y) {
		return fmt.Errorf("%d fields and %d", len(x), len(y))
	}
	for name := range x {
		if !equal(x[name], y[name]) {
			return fmt.Errorf("field %q: %v and %v", name, x[name], y[name])
		}
	}
	return nil
}

func equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			if !equal(a[name], b[name]) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	if n, ok := b.(json.Number); ok {
		return sameNumber(fmt.Sprint(a), n.String())
	}
	return reflect.DeepEqual(a, b)
}

func sameNumber(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if !okX || !okY {
		return false
	}
	if x.Cmp(y) == 0 {
		return true
	}
	const exact = 1 << 53
	if !x.IsInt() || x.Cmp(new(big.Rat).SetInt64(exact)) < 0 {
		return false
	}
	f, errF := strconv.ParseFloat(a, 64)
	g, errG := strconv.ParseFloat(b, 64)
	return errF == nil && errG == nil && f == g
}
