// Package examples holds runnable repositories, for people to copy from and for dray demo to run. Each is judged and its mapping
// tests are run by a test of this package; shop-to-erp is run whole by the demonstration's.
package examples

import "embed"

// Files holds a folder for each example.
//
//go:embed shop-to-erp
var Files embed.FS
