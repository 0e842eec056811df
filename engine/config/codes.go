package config

import (
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

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
	codeOtherObject        = "config/other-object"
	codeUnsupported        = "config/unsupported"
	codeKeyMissing         = "config/key-missing"
	codeKeyNotMapped       = "config/key-not-mapped"
	codeKeyTruncated       = "config/key-truncated"
	codeUnusedStep         = "config/unused-step"
	codeWriteBackLoop      = "config/write-back-loop"
	codeFlagStays          = "config/flag-stays"
	codeUnreachable        = "config/unreachable-route"
	codeCredential         = "config/credential"
	codeCredentialHost     = "config/credential-host"
	codePlainSecret        = "config/plain-secret"
	codePersonalData       = "config/personal-data"
	codeRounding           = "config/rounding"
	codeForwardReference   = "config/forward-reference"
	codeRepository         = "config/repository"
	codeUnknownEnvironment = "config/unknown-environment"
	codePatch              = "config/patch"
	codePatchEffect        = "config/patch-effect"
	codePatchConflict      = "config/patch-conflict"
	codeCUETag             = "config/cue-tag"
	codeFile               = "config/file"
	codeLookupRow          = "config/lookup-row"
	codeApplication        = "config/application"
	codePolicyUnknown      = "policy/unknown-pack"
	codePolicyUnused       = "policy/unused-pack"
	codePolicyPack         = "policy/pack"
	codePolicyExemption    = "policy/exemption"
	codePolicyExpired      = "policy/exemption-expired"
	codePolicyExemptUnused = "policy/exemption-unused"
	codeCUE                = "config/cue"
	codeMappingTest        = "config/mapping-test"
)

// Codes returns every code of this package with its explanation, in a fixed order.
func Codes() []diag.CodeDoc {
	return slices.Concat(syntaxCodes(), formCodes(), linkCodes(), environmentCodes(), acrossCodes(), policyCodes())
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
