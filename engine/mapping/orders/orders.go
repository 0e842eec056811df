// Package orders makes realistic shop orders for benchmarks and tests: about 860 bytes of JSON each, one to four lines, identifiers beyond
// 2^53, text beyond ASCII, escapes; and the mapping of 15 fields that the benchmarks run over them. The same seed makes the same orders.
package orders

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/dray-sync/dray/adapters/record"
)

// Mapping is the mapping of an order to a sale, as JSON of a mapping's spec. Every field is of a declared form.
const Mapping = `{"fields":{
	"external_ref":{"from":"name","apply":[{"prefix":"WEB-"}]},
	"source_id":{"from":"id","as":"int"},
	"customer":{"from":"customer.email","apply":["trim","lower"]},
	"customer_id":{"from":"customer.id","as":"int"},
	"currency":{"from":"currency","default":"EUR"},
	"country":{"from":"shipping_address.country_code","lookup":"countries"},
	"city":{"from":"shipping_address.city","apply":["trim"]},
	"note":{"from":"note","apply":["trim",{"truncate":254}],"ifAbsent":"omit"},
	"total":{"from":"total_price","as":"decimal","scale":2,"round":"half-even"},
	"tax":{"from":"total_tax","as":"money","currency":"currency"},
	"ordered_at":{"from":"created_at","as":"datetime","to":"UTC"},
	"order_day":{"from":"created_at","as":"date","to":"Europe/Berlin"},
	"paid":{"from":"paid","as":"bool"},
	"channel":{"value":"web"},
	"lines":{"each":"line_items","fields":{
		"sku":{"from":"sku","required":true},
		"title":{"from":"title"},
		"qty":{"from":"quantity","as":"int"},
		"price":{"from":"price","as":"decimal","scale":2,"round":"half-even"}}}}}`

// Countries is the table of the lookup that [Mapping] names, "countries": from code to name.
func Countries() map[string]string {
	return map[string]string{"DE": "Germany", "AT": "Austria", "CH": "Switzerland", "FR": "France", "DK": "Denmark"}
}

var (
	firstNames = []string{"Jürgen", "Zoë", "Anna", "Søren", "François", "Li", "Ümit", "Peter"}
	lastNames  = []string{"Müller", "Smith", "Nguyễn", "Østergård", "Dupont", "李", "Schmidt", "O'Neil"}
	cities     = []string{"Köln", "Zürich", "København", "Wien", "Aix-en-Provence", "Berlin"}
	countries  = []string{"DE", "AT", "CH", "FR", "DK"}
	titles     = []string{`Shirt \"Classic\", blue`, "Tasse 0,3 l", "Caf\\u00e9 cr\\u00e8me 250 g", "Notebook A5", "Bike pump \\ud83d\\ude80", "Socken Größe 43"}
	notes      = []string{"null", `"please ring twice"`, `"Lieferung bitte\nzum Hintereingang"`, `""`}
)

// Documents returns n orders as JSON.
func Documents(n int, seed uint64) [][]byte {
	rng := rand.New(rand.NewPCG(seed, 947))
	docs := make([][]byte, n)
	for i := range docs {
		docs[i] = order(rng, i)
	}
	return docs
}

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

func order(rng *rand.Rand, i int) []byte {
	first, last := pick(rng, firstNames), pick(rng, lastNames)
	b := fmt.Appendf(nil, `{"id":%d,"name":"#%d","email":"%s.%d@Example.com","created_at":"2026-%02d-%02dT%02d:%02d:%02d+02:00",`,
		int64(9007199254740993)+rng.Int64N(1<<60), 1000+i, first, i, 1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60))
	b = fmt.Appendf(b, `"currency":"EUR","note":%s,"financial_status":"paid","paid":%t,"test":false,"tags":["web","b2c"],`, pick(rng, notes), rng.IntN(2) == 0)
	b = fmt.Appendf(b, `"customer":{"id":%d,"email":" %s.%d@Example.com ","first_name":"%s","last_name":"%s"},`,
		int64(9007199254740993)+rng.Int64N(1<<60), "Kunde", i, first, last)
	b = fmt.Appendf(b, `"shipping_address":{"name":"%s %s","address1":"Hauptstra\u00dfe %d","zip":"%05d","city":"%s","country_code":"%s"},`,
		first, last, 1+rng.IntN(200), rng.IntN(100000), pick(rng, cities), pick(rng, countries))
	b = append(b, `"line_items":[`...)
	var cents int64
	for k := range 1 + rng.IntN(4) {
		if k > 0 {
			b = append(b, ',')
		}
		price, quantity := 100+rng.Int64N(20000), 1+rng.Int64N(5)
		cents += price * quantity
		b = fmt.Appendf(b, `{"id":%d,"sku":"SKU-%05d","title":"%s","quantity":%d,"price":"%s","taxable":true}`,
			int64(9007199254740993)+rng.Int64N(1<<60), rng.IntN(100000), pick(rng, titles), quantity, amount(price))
	}
	b = fmt.Appendf(b, `],"total_price":"%s","total_tax":"%s","gateway":"stripe","processed":true}`, amount(cents), amount(cents*19/119))
	return b
}

func amount(cents int64) string {
	return strconv.FormatInt(cents/100, 10) + "." + fmt.Sprintf("%02d", cents%100)
}

// Fill resets b and fills it with documents.
func Fill(b *record.Batch, docs [][]byte) {
	b.Reset(nil)
	for _, d := range docs {
		b.AppendDoc(d)
	}
}
