package secret

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseBinding(t *testing.T) {
	for in, want := range map[string]string{
		"https://b1.plant.example:50000/b1s/":    "https://b1.plant.example:50000/b1s/",
		"https://b1.plant.example:50000/b1s":     "https://b1.plant.example:50000/b1s/",
		"HTTPS://Shop.EXAMPLE":                   "https://shop.example/",
		"https://shop.example:443/":              "https://shop.example/",
		"https://shop.example:0443/":             "https://shop.example/",
		"https://shop.example:8443":              "https://shop.example:8443/",
		"http://shop.example:443/":               "http://shop.example:443/",
		"postgres://db:5432/erp":                 "postgres://db/erp",
		"postgresql://db.plant.example:6432/erp": "postgres://db.plant.example:6432/erp",
		"https://10.0.0.7/":                      "https://10.0.0.7/",
		"https://[2001:DB8::1]:8443/a/":          "https://[2001:db8::1]:8443/a/",
		"https://xn--bcher-kva.example/":         "https://xn--bcher-kva.example/",
		"https://shop.example/a%20b/":            "https://shop.example/a%20b/",
		"x-proto://host_1:99":                    "x-proto://host_1:99",
	} {
		b, err := ParseBinding(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if b.String() != want {
			t.Errorf("%s became %s, want %s", in, b, want)
		}
		if again, err := ParseBinding(b.String()); err != nil || again != b {
			t.Errorf("%s does not parse to itself: %v, %v", b, again, err)
		}
	}
}

func TestParseBindingRefuses(t *testing.T) {
	for _, in := range []string{
		"", "shop.example", "/path", "https://", "https:///x", "mailto:a@b.example", "file:///etc/passwd", "file://host/etc",
		"https://*.shop.example/", "https://shop.example./", "https://.shop.example/", "https://shop..example/",
		"https://bücher.example/", "https://shop。example/", "https://sh\u212Aop.example/", "https://-shop.example/",
		"https://user:" + canary + "@shop.example/", "https://user@shop.example/",
		"https://shop.example/?a=b", "https://shop.example/?", "https://shop.example/#a", "https://shop.example/#",
		"https://shop.example:0/", "https://shop.example:65536/", "https://shop.example:x/", "nats://shop.example/",
		"https://shop.example/a/../b/", "https://shop.example/./", "https://shop.example/a//b/", "https://shop.example/a%2fb/",
		"https://shop.example/%2e%2e/", "https://shop.example/a\\b/", "https://shop.example/a;b/", "https://shop.example/%25/",
		"https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://[fe80::1%25eth0]/", "https://[::ffff:10.0.0.7]/",
		"https://a b.example/", "https://" + strings.Repeat("a", 64) + ".example/", "https://" + strings.Repeat("a.", 130) + "example/",
		"https://shop.example/\x00", "https://shop.example/%FF/", "1https://shop.example/",
	} {
		b, err := ParseBinding(in)
		if err == nil {
			t.Errorf("%q is accepted as %s", in, b)
			continue
		}
		wantReason(t, err, Malformed)
	}
	_, err := ParseBindings([]string{"https://a.example/", "https://A.example:443"})
	wantReason(t, err, Malformed)
	_, err = ParseBindings(nil)
	wantReason(t, err, Malformed)
}

func TestBindingAllows(t *testing.T) {
	cases := []struct {
		binding string
		yes, no []string
	}{
		{
			"https://shop.example/",
			[]string{
				"https://shop.example", "https://shop.example/", "https://SHOP.example:443/admin?x=1#y", "https://shop.example:/",
				"https://shop.example/a/../b", "https://shop.example/%2e%2e/",
			},
			[]string{
				"http://shop.example/", "https://shop.example:8443/", "https://evil.example/", "https://shop.example.evil.example/",
				"https://evilshop.example/", "https://shop.example@evil.example/", "https://user:pw@shop.example/", "https://www.shop.example/",
				"https://shop.example./", "https:shop.example", "//shop.example/", "/admin", "https://example/", "https://shop。example/",
				"https://\u017Fhop.example/", "wss://shop.example/", "https:///shop.example/", "https://shop.example:443:443/", "",
			},
		},
		{
			"https://b1.plant.example:50000/b1s/",
			[]string{
				"https://b1.plant.example:50000/b1s/", "https://b1.plant.example:50000/b1s", "https://b1.plant.example:50000/b1s/v2/Orders(1)",
				"https://b1.plant.example:50000/b1s/v2/Items('A%2FB')", "https://b1.plant.example:50000/b1s/a%25b", "https://b1.plant.example:50000/b1s/%62",
				"https://b1.plant.example:50000/b1s/a.b/...", "https://b1.plant.example:50000/%62%31s/x",
			},
			[]string{
				"https://b1.plant.example:50000/", "https://b1.plant.example:50000", "https://b1.plant.example:50000/b1sx/", "https://b1.plant.example:50000/B1S/",
				"https://b1.plant.example:50000/b1s/../admin", "https://b1.plant.example:50000/b1s/%2e%2e/admin", "https://b1.plant.example:50000/b1s/.%2E/admin",
				"https://b1.plant.example:50000/b1s/%252e%252e/admin", "https://b1.plant.example:50000/b1s/%252e%252e/%25/admin",
				"https://b1.plant.example:50000/b1s/..%2fadmin", "https://b1.plant.example:50000/b1s/..%5cadmin", "https://b1.plant.example:50000/b1s/..;/admin",
				"https://b1.plant.example:50000/b1s/.", "https://b1.plant.example:50000/b1s/%c0%ae%c0%ae/admin", "https://b1.plant.example:50000/b1s/..%00/admin",
				"https://b1.plant.example:50000/b1s/%20../x", "https://b1.plant.example:50000/b1s%2Fx", "https://b1.plant.example:50000//b1s/x",
				"https://b1.plant.example/b1s/", "https://b1.plant.example:50001/b1s/", "https://b1.plant.example:50000/b1s;x/",
			},
		},
		{
			"postgres://db:5432/erp",
			[]string{"postgres://db/erp", "postgresql://DB:5432/erp"},
			[]string{"postgres://db/crm", "postgres://db/erp2", "postgres://db:5433/erp", "mysql://db:5432/erp", "postgres://u:p@db/erp"},
		},
		{
			"https://[2001:db8::1]/",
			[]string{"https://[2001:db8:0::1]/", "https://[2001:DB8::0:1]:443/x"},
			[]string{"https://[2001:db8::2]/", "https://[2001:db8::1%25eth0]/", "https://[::ffff:10.0.0.7]/"},
		},
		{
			"https://10.0.0.7/",
			[]string{"https://10.0.0.7/"},
			[]string{"https://10.0.0.07/", "https://167772167/", "https://0xa.0.0.7/", "https://[::ffff:10.0.0.7]/", "https://10.0.0.7.example/"},
		},
	}
	for _, c := range cases {
		b, err := ParseBinding(c.binding)
		if err != nil {
			t.Fatal(err)
		}
		try := func(text string, want bool) {
			u, err := url.Parse(text)
			if err != nil {
				if want {
					t.Errorf("%s: %v", text, err)
				}
				return
			}
			if got := b.Allows(u); got != want {
				t.Errorf("%s allows %q: %v, want %v", b, text, got, want)
			}
			if (Binding{}).Allows(u) {
				t.Errorf("the zero binding allows %q", text)
			}
		}
		for _, text := range c.yes {
			try(text, true)
		}
		for _, text := range c.no {
			try(text, false)
		}
	}
	b, err := ParseBinding("https://shop.example/api/")
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]*url.URL{
		"nil":               nil,
		"zero":              {},
		"opaque":            {Scheme: "https", Host: "shop.example", Opaque: "//evil.example/api/"},
		"two ports":         {Scheme: "https", Host: "shop.example:443:80", Path: "/api/"},
		"brackets":          {Scheme: "https", Host: "[shop.example]evil.example", Path: "/api/"},
		"path without root": {Scheme: "https", Host: "shop.example", Path: "api/"},
		"lying raw path":    {Scheme: "https", Host: "shop.example", Path: "/admin", RawPath: "/api/"},
	} {
		if b.Allows(u) {
			t.Errorf("%s is allowed", name)
		}
	}
}

func TestBindingAllowsAddr(t *testing.T) {
	bs, err := ParseBindings([]string{"postgres://db.plant.example:6432/erp", "https://[2001:db8::1]/", "https://10.0.0.7:8443/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		host, port string
		want       bool
	}{
		{"db.plant.example", "6432", true},
		{"DB.plant.example", "06432", true},
		{"db.plant.example", "5432", false},
		{"db.plant.example", "", false},
		{"db.plant.example", "postgres", false},
		{"db.plant.example.", "6432", false},
		{"xdb.plant.example", "6432", false},
		{"plant.example", "6432", false},
		{"", "6432", false},
		{"2001:db8::1", "443", true},
		{"[2001:db8::1]", "443", true},
		{"2001:db8::1%eth0", "443", false},
		{"10.0.0.7", "8443", true},
		{"10.0.0.7", "443", false},
		{"::ffff:10.0.0.7", "8443", false},
		{"10.0.0.7", "-8443", false},
	} {
		if got := bs.AllowsAddr(c.host, c.port); got != c.want {
			t.Errorf("%s port %s: %v, want %v", c.host, c.port, got, c.want)
		}
	}
	if diff := cmp.Diff([]string{"10.0.0.7:8443", "[2001:db8::1]:443", "db.plant.example:6432"}, bs.Hosts()); diff != "" {
		t.Error(diff)
	}
	if (Binding{}).AllowsAddr("", "") || Bindings(nil).AllowsAddr("db", "1") || Bindings(nil).Allows(&url.URL{Scheme: "https", Host: "a"}) {
		t.Error("nothing bound, and something allowed")
	}
}

func FuzzBinding(f *testing.F) {
	f.Add("https://b1.plant.example:50000/b1s/", "https://b1.plant.example:50000/b1s/v2/../x")
	f.Add("http://a/%ff/", "http://a/%FF/")
	f.Add("postgres://db:5432/erp", "postgresql://db/erp")
	f.Add("https://[2001:db8::1]/", "https://[2001:db8::1]/%2e%2e")
	f.Add("https://shop.example/a/", "https://shop.example/a%2f..%5c/")
	f.Add("https://shop.example/a%20b/", "https://shop.example@evil.example/a b/")
	f.Fuzz(func(t *testing.T, binding, target string) {
		b, err := ParseBinding(binding)
		if err != nil {
			return
		}
		again, err := ParseBinding(b.String())
		if err != nil || again != b {
			t.Fatalf("%q: %q does not parse to itself: %q, %v", binding, b, again, err)
		}
		if self, err := url.Parse(b.String()); err != nil || !b.Allows(self) {
			t.Fatalf("%q does not allow itself: %v", b, err)
		}
		u, err := url.Parse(target)
		if err != nil || !b.Allows(u) {
			return
		}
		// What is allowed goes, by another reading of it, to the same place.
		if !strings.EqualFold(strings.Trim(u.Hostname(), "."), b.host) && !strings.Contains(b.host, ":") {
			t.Fatalf("%q allows host %q", b, u.Hostname())
		}
		if !b.AllowsAddr(u.Hostname(), portOr(u, b.port)) {
			t.Fatalf("%q allows %q but not its address", b, target)
		}
		cleaned := u.ResolveReference(&url.URL{Path: "."}).JoinPath().Path + "/"
		if b.path != "" && !strings.HasPrefix(cleaned, b.path[:strings.LastIndex(b.path, "/")+1]) {
			t.Fatalf("%q allows %q, which is read as %q", b, target, cleaned)
		}
	})
}

// portOr returns the port written in u, or def.
func portOr(u *url.URL, def string) string {
	if p := u.Port(); p != "" {
		return p
	}
	return def
}

func TestBindingCovers(t *testing.T) {
	for _, c := range []struct {
		sealed, wanted string
		want           bool
	}{
		{"https://shop.example/", "https://shop.example/", true},
		{"https://shop.example/", "https://SHOP.example:443/admin/", true},
		{"https://shop.example/admin/", "https://shop.example/admin/api/", true},
		{"https://shop.example/admin/", "https://shop.example/", false},
		{"https://shop.example/admin/", "https://shop.example/administrator/", false},
		{"https://shop.example/", "http://shop.example:443/", false},
		{"https://shop.example/", "https://shop.example:8443/", false},
		{"https://shop.example/", "https://evil.example/", false},
		{"postgres://db/erp", "postgresql://db:5432/erp", true},
		{"postgres://db/erp", "postgres://db/crm", false},
		{"postgres://db", "postgres://db/crm", true},
	} {
		sealed, err := ParseBindings([]string{c.sealed})
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := ParseBinding(c.wanted)
		if err != nil {
			t.Fatal(err)
		}
		if got := sealed.Covers(wanted); got != c.want {
			t.Errorf("%s covers %s: %v, want %v", c.sealed, c.wanted, got, c.want)
		}
	}
	if (Binding{}).Covers(Binding{}) {
		t.Error("nothing covers nothing")
	}
}
