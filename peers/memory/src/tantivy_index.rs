//! tantivy, in memory, with its English stemmer and one segment.
use tantivy::collector::TopDocs;
use tantivy::query::QueryParser;
use tantivy::schema::{Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, doc};

use crate::Outcome;

pub struct Engine {
    searcher: Searcher,
    parser: QueryParser,
    text: Field,
}

/// Builds with one thread.
pub fn build(passages: &[String]) -> Outcome<Engine> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("en_stem")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing) | STORED);
    let index = Index::create_in_ram(schema.build());
    let mut writer: IndexWriter = index.writer_with_num_threads(1, 256 << 20)?;
    for passage in passages {
        writer.add_document(doc!(text => passage.as_str()))?;
    }
    writer.commit()?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.wait_merging_threads()?;
    let searcher = index.reader()?.searcher();
    Ok(Engine { searcher, parser: QueryParser::for_index(&index, vec![text]), text })
}

/// The texts of the best ten, any word of the question matching.
pub fn search(engine: &Engine, question: &str) -> Outcome<Vec<String>> {
    let query = engine.parser.parse_query(question)?;
    let best = engine.searcher.search(&query, &TopDocs::with_limit(10).order_by_score())?;
    best.into_iter()
        .map(|(_, address)| {
            let document: TantivyDocument = engine.searcher.doc(address)?;
            let text = document.get_first(engine.text).and_then(|value| value.as_str());
            Ok(text.ok_or("every document has its text")?.to_owned())
        })
        .collect()
}
