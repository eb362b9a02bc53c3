//! Recall: the entries that answer a query, best first, each with where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrysalis_crypto::commit::WriterId;
use chrysalis_crypto::merkle::Hash;

use crate::entry::Entry;
use crate::error::MemoryError;
use crate::identity::AgentKey;
use crate::index::{Index, document_id};
use crate::lexical;
use crate::memory::Memory;
use crate::namespace::NamespaceId;
use crate::ranking::{self, Channels, RankQuery};
use crate::semantic::{self, Coverage, Vectors};
use crate::trust::SignatureState;
use crate::view::View;

/// How many entries an answer has unless the query says otherwise.
pub const DEFAULT_LIMIT: usize = 5;
/// The most entries one answer can have.
pub const MAX_LIMIT: usize = 1000;
/// The longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 16 << 10;

/// What to look for. Filters act inside the search: an answer is short only if fewer entries match.
#[derive(Clone, Debug)]
pub struct Query {
    /// Words to look for, as a question or as keywords.
    pub text: String,
    /// The most entries to give.
    pub limit: usize,
    /// Only from namespaces of this name.
    pub namespace: Option<String>,
    /// Only by this author.
    pub author: Option<AgentKey>,
    /// Only with all of these tags.
    pub tags: Vec<String>,
    /// Only from sources that start with this.
    pub source_prefix: Option<String>,
    /// Only what happened at or after this time, in milliseconds since 1970; an entry that does not say when it
    /// happened did when it was last said.
    pub since_ms: Option<u64>,
    /// Only what happened before this time.
    pub until_ms: Option<u64>,
    /// The time recency is measured from; what was neither said nor had happened by then is left out. The greatest
    /// admitted time by default.
    pub as_of_ms: Option<u64>,
    /// Only entries whose signature state is trusted.
    pub trusted_only: bool,
    /// Also entries beyond what is accepted of a revoked key.
    pub include_revoked: bool,
    /// By words alone, though the memory has an embedder.
    pub words_only: bool,
}

impl Query {
    /// A query for `text` without filters.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            limit: DEFAULT_LIMIT,
            namespace: None,
            author: None,
            tags: Vec::new(),
            source_prefix: None,
            since_ms: None,
            until_ms: None,
            as_of_ms: None,
            trusted_only: false,
            include_revoked: false,
            words_only: false,
        }
    }
}

/// One entry of an answer.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The entry.
    pub entry: Entry,
    /// Its score; larger is better, comparable within one answer only.
    pub score: f64,
    /// What the score is made of.
    pub channels: Channels,
    /// Byte ranges of the text that match words of the query.
    pub matches: Vec<Range<usize>>,
}

/// The answer to a query: the same for the same commits, query, trust and vectors, on every machine.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Best first.
    pub hits: Vec<Hit>,
    /// The time recency was measured from, in milliseconds since 1970.
    pub as_of_ms: u64,
    /// Up to where each writer was read.
    pub frontier: BTreeMap<WriterId, (u64, Hash)>,
    /// The vectors that had a part in it; none where only words had.
    pub semantic: Option<Coverage>,
}

impl Memory {
    /// The entries that answer `query`, best first. Sees everything acknowledged before the call, by whichever
    /// process. A memory with an embedder answers by words and by meaning; what has no vectors yet, by its words.
    ///
    /// # Errors
    /// [`MemoryError::EmptyQuery`] when it has no words, [`MemoryError::TooLarge`],
    /// [`MemoryError::NoSuchNamespace`], [`MemoryError::Embedder`], [`MemoryError::Journal`].
    pub fn recall(&self, query: &Query) -> Result<Answer, MemoryError> {
        for (what, limit, actual) in
            [("query", MAX_QUERY_BYTES, query.text.len()), ("limit", MAX_LIMIT, query.limit)]
        {
            if actual > limit {
                return Err(MemoryError::TooLarge { what, limit, actual });
            }
        }
        if lexical::Query::new(&query.text).is_empty() {
            return Err(MemoryError::EmptyQuery);
        }
        let embedder = self.embedder().filter(|_| !query.words_only);
        let asked = embedder.map(|embedder| {
            let vector = embedder.embed_query(&query.text).map_err(MemoryError::Embedder)?;
            semantic::quantised(&vector, embedder.dimensions())
        });
        let asked = asked.transpose()?;
        self.catch_up()?;
        let Some(asked) = asked else { return self.view().recall(query, None) };
        let mut vectors = self.vectors()?;
        let view = self.view();
        vectors.catch_up(&view.state)?;
        view.recall(query, Some((&vectors, &asked)))
    }
}

impl View {
    fn recall(&self, query: &Query, meant: Option<(&Vectors, &[i8])>) -> Result<Answer, MemoryError> {
        let as_of_ms = query.as_of_ms.unwrap_or_else(|| self.state.greatest().ms());
        let namespaces = self.namespaces_called(query.namespace.as_deref())?;
        let filter = |slot: u32| self.matches(slot, query, namespaces.as_ref(), as_of_ms);
        let nearest = meant.map(|(vectors, asked)| {
            let accept = |slot| self.index.standing(slot).filter(|_| filter(slot)).map(document_id);
            vectors.nearest(asked, ranking::pool_size(query.limit), &accept)
        });
        let ranked = ranking::rank(
            self.index.lexical(),
            &RankQuery {
                text: &query.text,
                limit: query.limit,
                as_of_ms: Some(as_of_ms),
                filter: &filter,
                other: nearest.as_deref(),
            },
        );
        let terms = lexical::Query::new(&query.text);
        let hits = ranked
            .into_iter()
            .filter_map(|ranked| {
                let standing = self.index.standing(ranked.slot)?;
                let entry = self.entry(&standing.representative)?;
                let matches = terms.matches_in(&entry.note.text);
                Some(Hit { entry, score: ranked.score, channels: ranked.channels, matches })
            })
            .collect();
        let semantic = meant.map(|(vectors, _)| semantic::coverage(vectors, self));
        Ok(Answer { hits, as_of_ms, frontier: self.state.frontier().clone(), semantic })
    }

    fn namespaces_called(&self, name: Option<&str>) -> Result<Option<BTreeSet<NamespaceId>>, MemoryError> {
        let Some(name) = name else { return Ok(None) };
        let called: BTreeSet<_> = self
            .namespaces
            .iter()
            .filter(|namespace| namespace.name == name)
            .map(|namespace| namespace.id)
            .collect();
        if called.is_empty() { Err(MemoryError::NoSuchNamespace) } else { Ok(Some(called)) }
    }

    fn matches(
        &self,
        slot: u32,
        query: &Query,
        namespaces: Option<&BTreeSet<NamespaceId>>,
        as_of_ms: u64,
    ) -> bool {
        let (Some(standing), group) = (self.index.standing(slot), &self.state.groups[slot as usize]) else {
            return false;
        };
        let note = &group.note;
        let by_note = namespaces.is_none_or(|namespaces| namespaces.contains(&group.namespace))
            && query.author.is_none_or(|author| author == group.author)
            && query.tags.iter().all(|tag| note.tags.binary_search(tag).is_ok())
            && query.source_prefix.as_ref().is_none_or(|prefix| {
                note.source.as_ref().is_some_and(|source| source.starts_with(prefix.as_str()))
            });
        let by_time = standing.known_ms <= as_of_ms
            && query.since_ms.is_none_or(|since| standing.latest_ms >= since)
            && query.until_ms.is_none_or(|until| standing.latest_ms < until);
        by_note
            && by_time
            && (query.include_revoked || !standing.revoked)
            && (!query.trusted_only || self.is_trusted_entry(&standing.representative))
    }

    fn is_trusted_entry(&self, key: &(Hash, AgentKey)) -> bool {
        let record = self.state.records.get(key);
        record.is_some_and(|record| self.signature_state(&key.1, record) == SignatureState::Trusted)
    }
}

impl Index {
    pub(crate) fn standing(&self, slot: u32) -> Option<&crate::state::Standing> {
        self.standings.get(&slot)
    }
}
