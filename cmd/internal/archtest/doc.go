// Package archtest holds no code: its test keeps imports going one way.
package archtest
