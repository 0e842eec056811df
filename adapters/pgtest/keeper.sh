# Arguments: folder of the server's programs, private folder, port.
bin=$1 dir=$2 port=$3
"$bin/initdb" -A trust -U postgres -E UTF8 --locale=C --no-sync -D "$dir/data" >"$dir/log" 2>&1 || exit 1
"$bin/pg_ctl" start -w -t 60 -D "$dir/data" -l "$dir/log" \
	-o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$dir -c logging_collector=off -c max_connections=100" \
	</dev/null >/dev/null 2>&1 || exit 1
echo ready
cat >/dev/null
"$bin/pg_ctl" stop -w -t 20 -m immediate -D "$dir/data" >/dev/null 2>&1
cd /
rm -rf "$dir"
