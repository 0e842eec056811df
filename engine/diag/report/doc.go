// Package report writes diagnostics for people and for the programs that show them: terminals, JSON readers, GitHub, GitLab, and
// whatever reads SARIF or JUnit.
//
// All forms are made from the same [diag.List] and say the same. Lines of files are shown only where a Source is given, and never where
// a secret or personal data was found.
package report
