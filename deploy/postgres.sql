-- Roles and schemas of Tollgate for a PostgreSQL that somebody else administers, least privilege.
-- Run once as an administrator in the database of Tollgate, with the passwords as psql variables:
--   psql -v catalog=... -v metrics=... -v improvement=... -f postgres.sql "$DATABASE_URL"
-- `migrate` then makes the tables as the owner of the schemas and grants each role what it needs:
-- rows of its own schema, and only INSERT and SELECT where a table is append-only.
\set ON_ERROR_STOP on

CREATE ROLE tollgate_catalog LOGIN PASSWORD :'catalog';
CREATE ROLE tollgate_metrics LOGIN PASSWORD :'metrics';
CREATE ROLE tollgate_improvement LOGIN PASSWORD :'improvement';

CREATE SCHEMA IF NOT EXISTS catalog;
CREATE SCHEMA IF NOT EXISTS metrics;
CREATE SCHEMA IF NOT EXISTS improvement;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
