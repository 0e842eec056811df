package config

import (
	"os"
	"testing"
)

// TestMain lets the test program be the child that evaluates CUE.
func TestMain(m *testing.M) {
	RunChildIfAsked()
	os.Exit(m.Run())
}
