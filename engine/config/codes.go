package config

// The codes of diagnostics. They are stable.
const (
	codeSyntax             = "config/syntax"
	codeTooLarge           = "config/too-large"
	codeAlias              = "config/alias"
	codeTag                = "config/tag"
	codeAmbiguous          = "config/ambiguous-value"
	codeDuplicateKey       = "config/duplicate-key"
	codeUnknownVersion     = "config/unknown-version"
	codeUnknownKind        = "config/unknown-kind"
	codeUnknownField       = "config/unknown-field"
	codeMissingField       = "config/missing-field"
	codeWrongType          = "config/wrong-type"
	codeBadValue           = "config/bad-value"
	codeExpression         = "config/expression"
	codeOneOf              = "config/one-of"
	codeMisplaced          = "config/misplaced-field"
	codeDuplicateName      = "config/duplicate-name"
	codeUnknownReference   = "config/unknown-reference"
	codeUnknownApplication = "config/unknown-application"
	codeUnknownObject      = "config/unknown-object"
	codeUnsupported        = "config/unsupported"
	codeKeyMissing         = "config/key-missing"
	codeKeyNotMapped       = "config/key-not-mapped"
	codeKeyTruncated       = "config/key-truncated"
	codeCredential         = "config/credential"
	codeCredentialHost     = "config/credential-host"
	codePlainSecret        = "config/plain-secret"
	codeRounding           = "config/rounding"
	codeForwardReference   = "config/forward-reference"
	codeRepository         = "config/repository"
	codeUnknownEnvironment = "config/unknown-environment"
	codePatch              = "config/patch"
	codeFile               = "config/file"
	codeLookupRow          = "config/lookup-row"
	codeApplication        = "config/application"
	codeCUE                = "config/cue"
)

// A CodeDoc says what a code means, for people.
type CodeDoc struct {
	Code string
	Doc  string // what is wrong, in a sentence
	Hint string // how to mend it, where the diagnostic itself does not say more
}

// Codes returns every code with its explanation, in a fixed order.
func Codes() []CodeDoc {
	return []CodeDoc{
		{codeSyntax, "The file is not well-formed YAML or CUE.", "look at the line named, and at the one before it"},
		{codeTooLarge, "The file, or the repository, goes beyond a limit that keeps loading fast and safe.", "split it, or move data into files that are not configuration"},
		{codeAlias, "The file uses YAML anchors, aliases or merge keys, which configuration does not have.", "write the value out, or build the resource in CUE"},
		{codeTag, "The file uses a YAML tag; often a text that starts with ! was meant.", "quote the text"},
		{codeAmbiguous, "The value means different things to different YAML readers.", "quote it if a text is meant"},
		{codeDuplicateKey, "The same field is written twice in one object.", "remove one of the two"},
		{codeUnknownVersion, "The resource's apiVersion is not one that this version of Dray knows.", "write apiVersion: dray/v1"},
		{codeUnknownKind, "There is no such kind of resource.", "check the spelling of the kind"},
		{codeUnknownField, "The field does not exist there.", "check the spelling, and the indentation"},
		{codeMissingField, "A field that must be there is not.", "add the field"},
		{codeWrongType, "The value is of another type than the field holds.", "write a value of the type named"},
		{codeBadValue, "The value is outside of what the field can hold.", "write one of the values named"},
		{codeExpression, "The expression cannot be used.", "line and column point to the place inside the expression"},
		{codeOneOf, "Exactly one of several fields must be set, and none is, or several are.", "keep exactly one"},
		{codeMisplaced, "The field has no effect beside the others, so it is not what was meant.", "remove it, or add what it belongs to"},
		{codeDuplicateName, "Two resources of one kind have the same name.", "rename one of the two"},
		{codeUnknownReference, "The name refers to a resource that does not exist.", "check the spelling, or add the resource"},
		{codeUnknownApplication, "There is no such application.", "see dray application list, or declare it with kind: Application"},
		{codeUnknownObject, "The application has no such object, and the connection declares none.", "check the spelling, or declare it under spec.objects of the connection"},
		{codeUnsupported, "The object cannot be read or written in this way.", "use one of the ways named"},
		{codeKeyMissing, "This kind of write finds records by their key, and no key is given.", "add key: with the fields that identify a record at the destination"},
		{codeKeyNotMapped, "The key names a field that the mapping does not set.", "map the field, or take another key"},
		{codeKeyTruncated, "A key is cut to a length, so that different records can get the same key.", "do not truncate key fields"},
		{codeCredential, "The credential does not fit the connection.", "use a credential made for this application and environment"},
		{codeCredentialHost, "The connection goes to a place that its credential is not bound to.", "correct the address, or write a new generation of the credential with dray credential set"},
		{codePlainSecret, "A secret stands in the repository in the clear.", "put it into a credential with dray credential create, and consider the value compromised"},
		{codeRounding, "A number is cut to a scale and nothing says how it is rounded.", "add round: half-even or another mode"},
		{codeForwardReference, "An expression uses a field of $out that is not mapped yet: fields are mapped in the order they are written in.", "move the field up"},
		{codeRepository, "There is not exactly one kind: Repository.", "keep one dray.yaml at the root"},
		{codeUnknownEnvironment, "The repository declares no such environment.", "check the spelling, or add it under spec.environments of the repository"},
		{codePatch, "The patch cannot be applied.", "name the kind and the name of the resource it changes"},
		{codeFile, "A file that is named cannot be used.", "check the path, which starts at the root of the repository"},
		{codeLookupRow, "A row of the lookup cannot be used.", "every row has its own key, and no key is blank"},
		{codeApplication, "The application refuses the setting.", "see the application's documentation"},
		{codeCUE, "The CUE package cannot be evaluated.", "run cue vet on the package for more"},
	}
}

// defaultHint returns what a code's explanation says about mending.
func defaultHint(code string) string {
	for _, c := range Codes() {
		if c.Code == code {
			return c.Hint
		}
	}
	return ""
}
