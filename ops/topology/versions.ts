/**
 * What the production shape is made of, with Docker or without: docker-compose.yml names the same, and a test holds the
 * two together.
 */

/** The server that everything is tested on; also what the embedded CLI carries. */
export const TEMPORAL_SERVER_VERSION = '1.29.1';

/** Fixed for the life of a database. */
export const HISTORY_SHARDS = 8;

/** How long closed payments are kept: ten years. */
export const RETENTION = '87600h';

/** What each of the server's four services keeps open to a database, at most. */
export const SERVICE_CONNECTIONS = { temporal: 20, temporal_visibility: 10 };

/** What Temporal needs of PostgreSQL's connections; the store's user gets none of these. */
export const TEMPORAL_CONNECTIONS = 4 * (SERVICE_CONNECTIONS.temporal + SERVICE_CONNECTIONS.temporal_visibility);

/**
 * Each of the server's four services keeps up to 30 connections of its own; the default of 100 would refuse some of them
 * under load.
 */
export const POSTGRES_SETTINGS = ['max_connections=200'];
