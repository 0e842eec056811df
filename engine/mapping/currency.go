package mapping

import "strings"

// Currencies of ISO 4217 by the digits after the point of an amount. Units of account and metals, which have none, are not in it.
const (
	noDigits    = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
	twoDigits   = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
	threeDigits = "BHD IQD JOD KWD LYD OMR TND"
	fourDigits  = "CLF UYW"
)

// isCode reports whether s is written as a currency is: three capitals.
func isCode(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range 3 {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// minorUnits returns the digits after the point of amounts in a currency, and whether it is one.
func minorUnits(code string) (int32, bool) {
	if !isCode(code) {
		return 0, false
	}
	for digits, codes := range [...]string{0: noDigits, 2: twoDigits, 3: threeDigits, 4: fourDigits} {
		if i := strings.Index(codes, code); i >= 0 && i%4 == 0 {
			return int32(digits), true
		}
	}
	return 0, false
}
