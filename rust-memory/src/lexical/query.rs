use std::collections::HashMap;

use super::tokenize::tokenize;

/// Most distinct terms of a query. A longer one is searched by those that come first.
pub const MAX_QUERY_TERMS: usize = 256;

/// A question, analysed as documents are. It belongs to no index and can be searched in many.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// Distinct terms in order of first occurrence, with their number.
    terms: Vec<(Box<str>, u32)>,
    /// Position and term (by its place in `terms`) of every occurrence, by position.
    places: Vec<(u32, usize)>,
}

impl Query {
    /// Analyses a text. Linear in its length.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut query = Self::default();
        let mut seen = HashMap::<Box<str>, usize>::new();
        tokenize(text, |token| {
            let place = match seen.get(token.term) {
                Some(place) => *place,
                None if query.terms.len() == MAX_QUERY_TERMS => return,
                None => {
                    seen.insert(token.term.into(), query.terms.len());
                    query.terms.push((token.term.into(), 0));
                    query.terms.len() - 1
                }
            };
            let count = &mut query.terms[place].1;
            *count = count.saturating_add(1);
            query.places.push((token.position, place));
        });
        query
    }

    /// Distinct terms in order of first occurrence, each with its number of occurrences.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = (&str, u32)> {
        self.terms.iter().map(|(term, count)| (&**term, *count))
    }

    /// Whether there is no term to search for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The byte ranges of `text` that match a term, in order and without overlap, for highlighting. Linear in its length.
    #[must_use]
    pub fn matches_in(&self, text: &str) -> Vec<core::ops::Range<usize>> {
        let wanted = self.terms.iter().map(|(term, _)| &**term).collect::<std::collections::HashSet<_>>();
        let mut found = Vec::<core::ops::Range<usize>>::new();
        tokenize(text, |token| {
            if !wanted.contains(token.term) {
                return;
            }
            match found.last_mut().filter(|last| token.range.start < last.end) {
                Some(last) => last.end = last.end.max(token.range.end),
                None => found.push(token.range),
            }
        });
        found
    }

    /// Position and term of every occurrence, by position.
    pub(crate) fn places(&self) -> &[(u32, usize)] {
        &self.places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_distinct_and_in_order() {
        let query = Query::new("the cat, the cats and memory_store");
        let terms = query.terms().collect::<Vec<_>>();
        assert_eq!(
            terms,
            [("the", 2), ("cat", 2), ("and", 1), ("memorystor", 1), ("memori", 1), ("store", 1)]
        );
        assert_eq!(query.places().first(), Some(&(0, 0)));
        assert_eq!(query.places().last(), Some(&(5, 5)));
    }

    #[test]
    fn matches_are_joined_and_in_order() {
        let text = "Cats like memoryStore; a cat.";
        let found = Query::new("memory_store cat").matches_in(text);
        assert_eq!(
            found.into_iter().map(|range| &text[range]).collect::<Vec<_>>(),
            ["Cats", "memoryStore", "cat"]
        );
    }

    #[test]
    fn a_long_query_keeps_its_first_terms() {
        let text = (0..1000).map(|i| format!("w{i} ")).collect::<String>();
        assert_eq!(Query::new(&text).terms().len(), MAX_QUERY_TERMS);
        assert!(Query::new("  ...").is_empty());
    }
}
