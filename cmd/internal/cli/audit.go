package cli

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

func (a *app) getAudit() *cobra.Command {
	var k client
	var output, touchpoint, next string
	var limit int
	var verify bool
	c := &cobra.Command{
		Use: "audit", Short: "Who did what by hand", Args: cobra.NoArgs,
		Long: `Asks an agent who looked at content, edited, replayed, discarded or resent records, and why, newest first. Entries are
only ever added, and each is chained to the one before: --verify follows the chain.

` + exitCodesHelp,
		Example: "  dray get audit --touchpoint orders\n  dray get audit --verify",
		RunE: func(c *cobra.Command, _ []string) error {
			if verify {
				return a.verifyAudit(c, &k, output)
			}
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			set(q, "touchpoint", touchpoint)
			set(q, "page", next)
			var list page[api.AuditEntry]
			if err := a.call(c.Context(), &k, http.MethodGet, "/v1/audit?"+q.Encode(), nil, &list); err != nil {
				return err
			}
			if output == "json" {
				return a.json(list)
			}
			rows := make([][]string, len(list.Items))
			for i, e := range list.Items {
				rows[i] = []string{
					strconv.FormatInt(e.N, 10), e.At.UTC().Format(time.DateTime), e.Actor, e.Action, orDash(e.Touchpoint), orDash(e.Object), orDash(strings.Join(e.Edits, ", ")), orDash(e.Reason),
				}
			}
			err := a.table([]string{"N", "AT (UTC)", "WHO", "DID", "TOUCHPOINT", "WHAT", "EDITED", "WHY"}, rows)
			if list.Next != "" {
				a.notef("more: --page %s\n", safe(list.Next))
			}
			return err
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&touchpoint, "touchpoint", "", "only of this touchpoint")
	c.Flags().IntVar(&limit, "limit", 50, "how many at most")
	c.Flags().StringVar(&next, "page", "", "the next page, as the last one named it")
	c.Flags().BoolVar(&verify, "verify", false, "follow the chain from the first entry to the last")
	return c
}

func (a *app) verifyAudit(c *cobra.Command, k *client, output string) error {
	var v api.AuditVerdict
	if err := a.call(c.Context(), k, http.MethodGet, "/v1/audit/verify", nil, &v); err != nil {
		return err
	}
	if output == "json" {
		return a.json(v)
	}
	a.printf("%s, each in its place\n", countEntries(v.Entries))
	return nil
}

func countEntries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return strconv.FormatInt(n, 10) + " entries"
}
