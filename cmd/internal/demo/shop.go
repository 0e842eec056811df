package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// An order of the shop. Money is text, as it should be.
type order struct {
	ID        int64           `json:"id"`
	Number    int64           `json:"number"`
	Status    string          `json:"status"`
	Currency  string          `json:"currency"`
	Total     json.RawMessage `json:"total"`
	Billing   billing         `json:"billing"`
	LineItems []lineItem      `json:"line_items"`
	UpdatedAt string          `json:"updated_at"`
}

type billing struct {
	Email   string `json:"email"`
	Country string `json:"country"`
}

type lineItem struct {
	SKU      string          `json:"sku"`
	Quantity int             `json:"quantity"`
	Price    json.RawMessage `json:"price"`
}

// shop is a small web shop: GET /orders with a bearer token, pages, and a filter by the time of change. It is safe for concurrent use.
type shop struct {
	token  string
	mu     sync.Mutex
	orders []order
}

// newShop returns a shop with n orders of the last days.
func newShop(token string, n int, now time.Time) *shop {
	s := &shop{token: token}
	for i := range n {
		s.orders = append(s.orders, makeOrder(int64(1001+i), now.Add(time.Duration(i-n)*7*time.Minute)))
	}
	return s
}

// makeOrder makes up an order; the same number makes the same order.
func makeOrder(number int64, at time.Time) order {
	countries := []string{"Germany", "France", "Austria"}
	names := []string{"Ada.Lovelace", "grace.hopper", "Emmy.Noether ", "alan.turing", "sofja.kowalewskaja"}
	quantity := int(number%4) + 1
	cents := 1990 + number*37%9000
	total := cents * int64(quantity)
	status := "paid"
	if number%9 == 0 {
		status = "pending"
	}
	return order{
		ID: 9007199254740000 + number, Number: number, Status: status, Currency: "EUR", Total: money(total),
		Billing:   billing{Email: names[number%int64(len(names))] + "@customers.example", Country: countries[number%int64(len(countries))]},
		LineItems: []lineItem{{SKU: fmt.Sprintf("SKU-%d", number%17), Quantity: quantity, Price: money(cents)}},
		UpdatedAt: at.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
}

func money(cents int64) json.RawMessage {
	return json.RawMessage(fmt.Sprintf("%d.%02d", cents/100, cents%100))
}

// add takes in new orders.
func (s *shop) add(n int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.orders = append(s.orders, makeOrder(int64(1001+len(s.orders)), now))
	}
}

// paid counts the orders that are to be moved.
func (s *shop) paid() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.Status == "paid" {
			n++
		}
	}
	return n
}

// ServeHTTP answers GET /orders.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+s.token {
		http.Error(w, `{"error":"unauthorized"}`, http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodGet || r.URL.Path != "/orders" {
		http.Error(w, `{"error":"not found"}`, http.StatusNotFound)
		return
	}
	q := r.URL.Query()
	page, size := atoi(q.Get("page"), 1), min(atoi(q.Get("limit"), 50), 100)
	list := s.since(q.Get("updated_after"))
	from := min((page-1)*size, len(list))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"orders": list[from:min(from+size, len(list))], "count": len(list)}) // the client may have gone
}

// since returns the orders that changed at or after an instant, oldest change first.
func (s *shop) since(instant string) []order {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []order{}
	after, err := time.Parse(time.RFC3339, instant)
	for _, o := range s.orders {
		at, _ := time.Parse(time.RFC3339, o.UpdatedAt)
		if err != nil || !at.Before(after) {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b order) int { return cmp.Or(cmp.Compare(a.UpdatedAt, b.UpdatedAt), cmp.Compare(a.ID, b.ID)) })
	return list
}

func atoi(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n
	}
	return otherwise
}
