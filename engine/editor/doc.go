// Package editor says what resources may hold in the forms that editors read: JSON Schema for YAML files, a CUE module for CUE files.
//
// Both are made of the definitions that validation goes by ([config.Define]), so that an editor never takes what Dray refuses for its
// form, or marks what it takes. What only a whole repository can tell (references, expressions, keys) stays with dray validate. The
// package opens nothing; its entry points are [JSONSchema], [PatchSchema] and [CUEModule].
package editor
