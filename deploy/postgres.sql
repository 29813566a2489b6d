-- Roles of Tollgate for a PostgreSQL where DATABASE_URL may not create any, least privilege.
-- Run once as an administrator in the database of Tollgate. `owner` is the user of DATABASE_URL, who
-- migrates; the passwords are those of the URLs CATALOG_DATABASE_URL and so on:
--   psql -v owner=... -v catalog=... -v metrics=... -v improvement=... -f deploy/postgres.sql DATABASE
-- `migrate` then makes schemas and tables as that owner and grants each role what it needs: rows of
-- its own schema, and only INSERT and SELECT where a table is append-only.
\set ON_ERROR_STOP on

CREATE ROLE tollgate_catalog LOGIN PASSWORD :'catalog';
CREATE ROLE tollgate_metrics LOGIN PASSWORD :'metrics';
CREATE ROLE tollgate_improvement LOGIN PASSWORD :'improvement';

GRANT CREATE ON DATABASE :"DBNAME" TO :"owner";

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
