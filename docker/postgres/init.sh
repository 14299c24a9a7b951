#!/bin/bash
# Runs once, when the data directory is new: a login role and a database of the same name for each service. No role can
# connect to any database but its own.
set -euo pipefail

create() {
  local name=$1 password=$2
  psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
    --set name="$name" --set password="$password" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect, temporary on database :"name" from public;
SQL
}

create auth "$AUTH_DATABASE_PASSWORD"
create profile "$PROFILE_DATABASE_PASSWORD"
create notification "$NOTIFICATION_DATABASE_PASSWORD"
create analytics "$ANALYTICS_DATABASE_PASSWORD"

psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
revoke connect on database postgres, template1 from public;
SQL
