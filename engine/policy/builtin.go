package policy

import (
	"io/fs"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/policies"
)

// BuiltInFiles returns the packs that come with Dray, as files of a [Request].
func BuiltInFiles() map[string]string {
	files := map[string]string{}
	err := fs.WalkDir(policies.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := policies.FS.ReadFile(name)
		files[Folder+"/"+name] = string(text)
		return err
	})
	if err != nil {
		panic("policy: internal error: reading the packs that come with Dray: " + err.Error())
	}
	return files
}

// IsBuiltIn reports whether a name is that of a pack that comes with Dray.
func IsBuiltIn(name string) bool { return slices.Contains(BuiltInNames(), name) }

// BuiltInNames returns the names of the packs that come with Dray.
func BuiltInNames() []string { return []string{"baseline", "strict"} }

// Codes explains what the rules of the packs that come with Dray find, in a fixed order.
func Codes() []diag.CodeDoc {
	var codes []diag.CodeDoc
	for _, p := range Evaluate(&Request{Files: BuiltInFiles()}).Packs {
		for _, r := range p.Rules {
			codes = append(codes, diag.CodeDoc{Code: "policy/" + p.Name + "/" + r.Name, Doc: r.Doc, Hint: r.Hint})
		}
	}
	return codes
}
