package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/dray-sync/dray/engine/mapping/orders"
)

// writeSales writes the orders as a CSV file, in a folder of its own.
func writeSales(o options) (path string, err error) {
	path = filepath.Join(o.dir, "sales", "sales.csv")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	_ = w.Write([]string{"id", "ref", "email", "currency", "country", "city", "total", "tax", "paid", "channel"}) // Error reports what fails
	for _, text := range orders.Documents(o.delivered, 1) {
		var d struct {
			ID       json.Number `json:"id"`
			Name     string      `json:"name"`
			Email    string      `json:"email"`
			Currency string      `json:"currency"`
			Address  struct {
				Country string `json:"country_code"`
				City    string `json:"city"`
			} `json:"shipping_address"`
			Total string `json:"total_price"`
			Tax   string `json:"total_tax"`
			Paid  bool   `json:"paid"`
		}
		if err := json.Unmarshal(text, &d); err != nil {
			return "", err
		}
		paid := "0"
		if d.Paid {
			paid = "1"
		}
		_ = w.Write([]string{d.ID.String(), d.Name, d.Email, d.Currency, d.Address.Country, d.Address.City, d.Total, d.Tax, paid, "web"})
	}
	w.Flush()
	return path, w.Error()
}
