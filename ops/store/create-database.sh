#!/bin/sh
# Creates the store's user and database, both named penstock, in the PostgreSQL that Temporal's databases are in, and gives
# the user the password in STORE_PASSWORD. Done again it changes nothing but the password, if that is another one. Where
# PostgreSQL is, and as whom to create them, is in PGHOST, PGPORT, PGUSER and PGPASSWORD, which psql reads itself.
set -eu

case ${STORE_PASSWORD:-} in
  '' | *[!A-Za-z0-9._~-]*)
    echo 'STORE_PASSWORD: letters, digits and . _ ~ - only: it becomes part of an address (openssl rand -hex 24)' >&2
    exit 1
    ;;
esac

# The password is in no argument and in no log: the server would write down a statement that fails, and psql a line of it.
# A schema and all tables are the user's own affair. Sixty connections are twelve processes: Temporal's four services keep
# 120 of the server's 200, and payments need those, whatever the store is doing.
"${PSQL:-psql}" -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=terse --dbname postgres <<'EOS'
set client_min_messages = warning;
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
\set password `printenv STORE_PASSWORD`
select 'create role penstock' where not exists (select from pg_roles where rolname = 'penstock') \gexec
alter role penstock login connection limit 60 password :'password';
select 'create database penstock owner penstock'
  where not exists (select from pg_database where datname = 'penstock') \gexec
revoke all on database penstock from public;
EOS
