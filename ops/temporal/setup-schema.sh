#!/bin/sh
# Creates Temporal's two databases and brings their schemas to what the tool's own version carries. Done again it changes
# nothing. Where the database is, is in SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD, which the tool reads itself.
set -eu

tool=${SQL_TOOL:-temporal-sql-tool}
export SQL_PLUGIN=postgres12

for database in temporal temporal_visibility; do
  case $database in
    temporal) schema=postgresql/v12/temporal ;;
    *) schema=postgresql/v12/visibility ;;
  esac
  "$tool" --db "$database" create
  "$tool" --db "$database" setup-schema -v 0.0
  "$tool" --db "$database" update-schema --schema-name "$schema"
done
