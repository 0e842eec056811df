package main

import "testing"

func TestSameComparesDecimals(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"x":"1.50"}`, `{"x":1.5}`, true},
		{`{"x":9007199254740993}`, `{"x":9007199254740992}`, true}, // as a double
		{`{"x":"1.50"}`, `{"x":1.51}`, false},
		{`{"x":7}`, `{"x":8}`, false},
		{`{"x":"a"}`, `{"x":"b"}`, false},
		{`{"x":[{"y":1}]}`, `{"x":[{"y":2}]}`, false},
		{`{"x":1}`, `{"x":1,"y":2}`, false},
	} {
		if err := same(c.a, c.b); (err == nil) != c.same {
			t.Errorf("same(%s, %s): %v, want the same: %t", c.a, c.b, err, c.same)
		}
	}
}

func TestMedianOfEvenlyMany(t *testing.T) {
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median is %v, want 2.5", m)
	}
}
