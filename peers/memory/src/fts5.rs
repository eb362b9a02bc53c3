//! SQLite FTS5, in memory, with its Porter stemmer and its index merged into one segment.
use rusqlite::Connection;

use crate::Outcome;

pub fn build(passages: &[String]) -> Outcome<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection
        .execute_batch("CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61')")?;
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO passages (text) VALUES (?1)")?;
        for passage in passages {
            insert.execute([passage])?;
        }
    }
    transaction.commit()?;
    connection.execute_batch("INSERT INTO passages (passages) VALUES ('optimize')")?;
    Ok(connection)
}

/// The texts of the best ten, any word of the question matching.
pub fn search(connection: &Connection, question: &str) -> Outcome<Vec<String>> {
    let words: Vec<String> = question.split(' ').map(|word| format!("\"{word}\"")).collect();
    // `rank` is bm25(passages), which FTS5 documents as the faster way to order by it.
    let mut select = connection
        .prepare_cached("SELECT text FROM passages WHERE passages MATCH ?1 ORDER BY rank LIMIT 10")?;
    let texts = select.query_map([words.join(" OR ")], |row| row.get(0))?;
    Ok(texts.collect::<Result<_, _>>()?)
}
