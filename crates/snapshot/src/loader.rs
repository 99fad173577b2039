//! Filling the tables, on a thread of its own: while SQLite stores one batch of rows, the caller makes the next.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};

use crate::Error;
use crate::schema::Table;

/// Bytes of rows that travel together.
const BATCH_BYTES: usize = 256 << 10;
/// Batches that may wait; more make the caller wait.
const WAITING: usize = 4;
/// No table has more columns to bind.
const MAX_FIELDS: usize = 8;

/// A value of a row; null, text and blob are all that the tables need.
#[derive(Clone, Copy)]
pub(crate) enum Field<'a> {
    Null,
    Text(&'a str),
    Blob(&'a [u8]),
}

impl<'a> From<Option<&'a str>> for Field<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl<'a> From<Option<&'a [u8]>> for Field<'a> {
    fn from(blob: Option<&'a [u8]>) -> Self {
        blob.map_or(Self::Null, Self::Blob)
    }
}

/// Rows whose bytes lie one behind the other.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    table: Table,
    fields: [Slot; MAX_FIELDS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    kind: Kind,
    len: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    Absent,
    Null,
    Text,
    Blob,
}

impl Batch {
    fn push(&mut self, table: Table, fields: &[Field<'_>]) {
        let mut row = Row { table, fields: [Slot::default(); MAX_FIELDS] };
        for (slot, field) in row.fields.iter_mut().zip(fields) {
            let (kind, bytes): (_, &[u8]) = match *field {
                Field::Null => (Kind::Null, &[]),
                Field::Text(text) => (Kind::Text, text.as_bytes()),
                Field::Blob(blob) => (Kind::Blob, blob),
            };
            *slot = Slot { kind, len: bytes.len() };
            self.bytes.extend_from_slice(bytes);
        }
        self.rows.push(row);
    }
}

/// The thread and the way to it.
#[derive(Debug)]
pub(crate) struct Loader {
    batch: Batch,
    way: Option<Way>,
}

#[derive(Debug)]
struct Way {
    batches: SyncSender<Batch>,
    thread: JoinHandle<rusqlite::Result<Connection>>,
}

impl Loader {
    /// Starts the thread, which owns the connection from now on.
    pub(crate) fn start(connection: Connection, sync_id: &str, discovered_at: &str) -> Self {
        let (batches, receiver) = sync_channel(WAITING);
        let inserts = Table::ALL.map(|table| table.insert(sync_id, discovered_at));
        let thread = std::thread::spawn(move || load(connection, &inserts, &receiver));
        Self { batch: Batch::default(), way: Some(Way { batches, thread }) }
    }

    /// Hands over a row. An error may be that of a row before.
    pub(crate) fn push(&mut self, table: Table, fields: &[Field<'_>], path: &Path) -> Result<(), Error> {
        self.batch.push(table, fields);
        if self.batch.bytes.len() < BATCH_BYTES { Ok(()) } else { self.send(path) }
    }

    /// Waits until all rows are stored and gives the connection back.
    pub(crate) fn finish(mut self, path: &Path) -> Result<Connection, Error> {
        self.send(path)?;
        self.join(path)
    }

    fn send(&mut self, path: &Path) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.batch);
        match &self.way {
            Some(way) if way.batches.send(batch).is_ok() => Ok(()),
            // The thread ends early only with an error.
            _ => self.join(path).map(drop),
        }
    }

    fn join(&mut self, path: &Path) -> Result<Connection, Error> {
        let Some(Way { batches, thread }) = self.way.take() else {
            return Err(Error::Stopped { path: path.into() });
        };
        drop(batches);
        match thread.join() {
            Ok(stored) => stored.map_err(Error::sqlite("write", path)),
            Err(_) => Err(Error::Stopped { path: path.into() }),
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // The file is removed next, so nobody may be writing it.
        let _ = self.join(Path::new(""));
    }
}

fn load(
    connection: Connection,
    inserts: &[String],
    batches: &Receiver<Batch>,
) -> rusqlite::Result<Connection> {
    connection.execute_batch("begin")?;
    {
        let prepare = |sql: &String| connection.prepare(sql);
        let mut statements = inserts.iter().map(prepare).collect::<rusqlite::Result<Vec<_>>>()?;
        for batch in batches {
            let mut rest = batch.bytes.as_slice();
            for row in &batch.rows {
                if let Some(statement) = statements.get_mut(row.table as usize) {
                    insert(statement, &row.fields, &mut rest)?;
                }
            }
        }
    }
    connection.execute_batch("commit")?;
    Ok(connection)
}

fn insert(statement: &mut Statement<'_>, fields: &[Slot], rest: &mut &[u8]) -> rusqlite::Result<()> {
    for (position, field) in (1..).zip(fields) {
        let (bytes, after) = rest.split_at_checked(field.len).unwrap_or_default();
        *rest = after;
        let value = match field.kind {
            Kind::Absent => break,
            Kind::Null => ValueRef::Null,
            Kind::Text => ValueRef::Text(bytes),
            Kind::Blob => ValueRef::Blob(bytes),
        };
        statement.raw_bind_parameter(position, ToSqlOutput::Borrowed(value))?;
    }
    statement.raw_execute().map(drop)
}
