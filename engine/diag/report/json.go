package report

import (
	"encoding/json"
	"io"

	"github.com/dray-sync/dray/engine/diag"
)

// JSON writes an object with the fields errors and warnings, which count, and diagnostics, which is never null: each with code,
// severity, pos {file, line, col}, message, and where there are any related, path, hint and fix {title, safe, edits}. Lines and columns
// count from 1, columns in bytes; 0 is unknown. Fields may be added, and none of these changes its meaning.
func JSON(w io.Writer, list diag.List) error {
	if list == nil {
		list = diag.List{}
	}
	errs, warnings := list.Count()
	return encode(w, struct {
		Errors      int       `json:"errors"`
		Warnings    int       `json:"warnings"`
		Diagnostics diag.List `json:"diagnostics"`
	}{errs, warnings, list})
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
