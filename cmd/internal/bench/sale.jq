def seconds: (.[0:19] + "Z" | fromdate) - ((.[20:22] | tonumber) * 3600 + (.[23:25] | tonumber) * 60) * (if .[19:20] == "-" then -1 else 1 end);
# Central European time of 2026, the year of all orders: before version 1.7, jq's own local time is an hour off in summer.
def berlin: . + (if . >= 1774746000 and . < 1792890000 then 7200 else 3600 end);
def trim: sub("^\\s+"; "") | sub("\\s+$"; "");
(.created_at | seconds) as $at |
{
  external_ref: ("WEB-" + .name),
  source_id: .id,
  customer: (.customer.email | trim | ascii_downcase),
  customer_id: .customer.id,
  currency: (.currency // "EUR"),
  country: ({"DE": "Germany", "AT": "Austria", "CH": "Switzerland", "FR": "France", "DK": "Denmark"}[.shipping_address.country_code]),
  city: (.shipping_address.city | trim)
}
+ (if .note == null then {} else {note: (.note | trim | .[0:254])} end)
+ {
  total: (.total_price | tonumber),
  tax: (.total_tax | tonumber),
  ordered_at: ($at | todate),
  order_day: ($at | berlin | todate | .[0:10]),
  paid: .paid,
  channel: "web",
  lines: [.line_items[] | {sku, title, qty: .quantity, price: (.price | tonumber)}]
}
