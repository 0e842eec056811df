package repotest

import "encoding/pem"

// pemCertificate returns a certificate in PEM form.
func pemCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
