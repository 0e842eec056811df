package diag

// A CodeDoc explains a code to people: what dray validate --explain prints, and the reference page is made of.
//
// Wrong and Right are short examples. An example is one or several YAML documents, in which apiVersion and metadata may be left out
// where they do not matter, or a repository's files in txtar form (-- name --). Both are empty where no short example can be given.
type CodeDoc struct {
	Code  string
	Doc   string // what is wrong, in a sentence
	Hint  string // how to mend it, where the diagnostic itself does not say more
	Wrong string // an example that is reported with this code and no other
	Right string // the same, mended: nothing is reported
	// Hidden says that a line with such a diagnostic is never shown: what should not be there must not spread.
	Hidden bool
}
