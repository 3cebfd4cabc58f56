// Which words make a statement more than a reading. Data only; sources: the manuals of PostgreSQL, MySQL, MariaDB, SQLite, SQL
// Server, Oracle and DuckDB. Not complete, and cannot be: a function of the database's own may do anything.

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** A statement may begin with these. */
export const READING_WORDS = words('SELECT WITH VALUES TABLE SHOW DESCRIBE DESC EXPLAIN PRAGMA');

/** Nowhere outside quotes, but as a column after a dot: also in a CTE, and after a statement that ends without `;` (SQL Server). */
export const WRITING_WORDS = words(`
  INSERT UPDATE DELETE MERGE UPSERT REPLACE DROP CREATE ALTER TRUNCATE RENAME GRANT REVOKE DENY CALL EXEC EXECUTE COPY LOAD
  UNLOAD BULK INTO OUTFILE DUMPFILE ATTACH DETACH VACUUM REINDEX OPTIMIZE INSTALL UNINSTALL PREPARE DEALLOCATE DECLARE SET RESET
  BEGIN COMMIT ROLLBACK SAVEPOINT LOCK UNLOCK HANDLER KILL SHUTDOWN BACKUP RESTORE DBCC WAITFOR RECONFIGURE WRITETEXT UPDATETEXT
  LISTEN UNLISTEN NOTIFY DISCARD REFRESH CHECKPOINT PURGE FLUSH IMPORT EXPORT DISABLE ENABLE REVERT SETUSER RECEIVE
`);

/**
 * What acts by two words, where the first alone is a good name of a column (`open`, `add`): the first and those that may follow.
 * SQL Server runs them behind a statement that ends without `;`.
 */
export const ACTING_PAIRS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['OPEN', words('MASTER SYMMETRIC')],
  ['CLOSE', words('MASTER SYMMETRIC ALL')],
  ['ADD', words('SIGNATURE COUNTER SENSITIVITY')],
  ['SEND', words('ON')],
  ['END', words('CONVERSATION')],
  ['MOVE', words('CONVERSATION')],
  ['GET', words('CONVERSATION')],
]);

/** `USE` begins a statement but before these, where it is a hint for the plan (MySQL). */
export const PLAN_HINTS = words('INDEX KEY HASH PLAN HINT');

/** The same words before a parenthesis are functions of strings and numbers. */
export const HARMLESS_CALLS = words('REPLACE INSERT TRUNCATE');

/** Locks rows where it follows `FOR`. `UPDATE` is a writing word already. */
export const LOCKING_WORDS = words('SHARE KEY NO');

/** Functions that write, wait, signal, read files or run text as SQL. Also when the name is quoted. */
export const ACTING_FUNCTIONS = words(`
  PG_TERMINATE_BACKEND PG_CANCEL_BACKEND PG_RELOAD_CONF PG_ROTATE_LOGFILE PG_STAT_FILE PG_PROMOTE PG_SWITCH_WAL PG_NOTIFY
  PG_CREATE_RESTORE_POINT PG_LOG_BACKEND_MEMORY_CONTEXTS PG_EXPORT_SNAPSHOT PG_IMPORT_SYSTEM_COLLATIONS
  LOREAD LOWRITE SET_CONFIG NEXTVAL SETVAL QUERY_TO_XML QUERY_TO_XMLSCHEMA QUERY_TO_XML_AND_XMLSCHEMA CURSOR_TO_XML
  TABLE_TO_XML SCHEMA_TO_XML DATABASE_TO_XML TS_STAT CROSSTAB XPATH_TABLE
  LOAD_FILE SLEEP BENCHMARK GET_LOCK RELEASE_LOCK RELEASE_ALL_LOCKS MASTER_POS_WAIT EXTRACTVALUE UPDATEXML LAST_INSERT_ID
  LOAD_EXTENSION READFILE WRITEFILE EDIT FTS3_TOKENIZER
  OPENROWSET OPENQUERY OPENDATASOURCE OPENXML
  READ_CSV READ_CSV_AUTO READ_PARQUET READ_JSON READ_JSON_AUTO READ_TEXT READ_BLOB PARQUET_SCAN GLOB GETENV QUERY QUERY_TABLE
  HTTPURITYPE URL FILE REMOTE S3
  PG_STAT_STATEMENTS_RESET QUERY_EXPORT_TO_S3 TABLE_IMPORT_FROM_S3 SCHEDULE SCHEDULE_IN_DATABASE UNSCHEDULE ALTER_JOB
  CREATE_SECRET UPDATE_SECRET
`);

export const ACTING_PREFIXES: readonly string[] = [
  ...[
    'PG_READ_',
    'PG_LS_',
    'PG_SLEEP',
    'PG_ADVISORY_',
    'PG_TRY_ADVISORY_',
    'PG_LOGICAL_',
    'PG_REPLICATION_',
    'PG_DROP_',
  ],
  ...[
    'PG_CREATE_',
    'PG_STAT_RESET',
    'PG_FILE_',
    'PG_BACKUP_',
    'PG_WAL_',
    'PG_COPY_',
    'LO_',
    'DBLINK',
    'SYS_EX',
    'SYS_EVAL',
  ],
  ...['HTTP_', 'AWS_'],
  ...['XP_', 'SP_', 'DBMS_', 'UTL_', 'SQLITE_DBPAGE', 'POSTGRES_', 'MYSQL_', 'SQLITE_SCAN', 'SQLITE_ATTACH'],
];

/** PRAGMAs of SQLite that only read, with or without an argument in parentheses. */
export const READING_PRAGMAS = words(`
  TABLE_INFO TABLE_XINFO TABLE_LIST INDEX_LIST INDEX_INFO INDEX_XINFO FOREIGN_KEY_LIST DATABASE_LIST COLLATION_LIST
  FUNCTION_LIST COMPILE_OPTIONS
`);
